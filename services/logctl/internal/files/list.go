package files

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// file is one journal file.
type file struct {
	path     string
	archived bool   // journald is done with it
	stamp    uint64 // microseconds since 1970 of its first line, or of when it was set aside
	bytes    uint64 // on disk
}

// older orders files: archived ones by age, then those that were never archived.
func older(a, b file) int {
	if a.archived != b.archived {
		if a.archived {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.stamp, b.stamp), strings.Compare(a.path, b.path))
}

// list returns the journal's files. Those that vanish meanwhile are not there.
func (d *Dir) list() ([]file, error) {
	paths, err := filepath.Glob(filepath.Join(d.path, "*", "*"))
	if err != nil {
		return nil, fmt.Errorf("cannot list the journal: %w", err)
	}
	var files []file
	for _, path := range paths {
		archived, stamp, ok := parseName(filepath.Base(path))
		if !ok {
			continue
		}
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot list the journal: %w", err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || !info.Mode().IsRegular() {
			continue
		}
		files = append(files, file{path: path, archived: archived, stamp: stamp, bytes: uint64(stat.Blocks) * 512})
	}
	return files, nil
}

// parseName reads a journal file's name; ok is false for a file of another kind.
//
//	system.journal                                        being written, or left as it was
//	system@SEQNUMID-SEQNUM-REALTIME.journal               archived
//	system@REALTIME-RANDOM.journal~                       set aside after a crash
func parseName(name string) (archived bool, stamp uint64, ok bool) {
	stem, dirty := strings.CutSuffix(name, ".journal~")
	if !dirty {
		if stem, ok = strings.CutSuffix(name, ".journal"); !ok {
			return false, 0, false
		}
	}
	_, version, archived := strings.Cut(stem, "@")
	if !archived {
		return false, 0, !dirty && stem != ""
	}
	parts, last := strings.Split(version, "-"), 0
	if !dirty {
		last = 2
	}
	if len(parts) <= last {
		return false, 0, false
	}
	stamp, err := strconv.ParseUint(parts[last], 16, 64)
	return true, stamp, err == nil
}
