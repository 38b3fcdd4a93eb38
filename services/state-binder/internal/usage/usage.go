// Package usage says how much room partitions have and what takes it.
//
// Sizes are those on disk, in bytes, as df and du have them. Not promised: that
// they are of one moment.
package usage

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// nearlyFull is the share of free room, in percent, below which a partition is a problem.
const nearlyFull = 5

// Room is how full a partition is.
type Room struct {
	Size, Used       uint64 // bytes that programs can have, and those that are taken
	Files, FilesUsed uint64 // the same for files; Files is 0 if there is no limit
}

// Of returns the room on the file system at dir.
func Of(dir string) (Room, error) {
	var now unix.Statfs_t
	if err := unix.Statfs(dir, &now); err != nil {
		return Room{}, &fs.PathError{Op: "statfs", Path: dir, Err: err}
	}
	block := uint64(now.Bsize)
	used := (now.Blocks - now.Bfree) * block
	return Room{Size: used + now.Bavail*block, Used: used, Files: now.Files, FilesUsed: now.Files - now.Ffree}, nil
}

// NearlyFull reports whether there is hardly any room left.
func (r Room) NearlyFull() bool {
	return r.Size > 0 && (r.Size-r.Used)*100 < r.Size*nearlyFull || r.Files > 0 && (r.Files-r.FilesUsed)*100 < r.Files*nearlyFull
}

// Part is what one component takes on one partition.
type Part struct {
	Component, Partition string
	Bytes                uint64
}

// Measure returns what is taken below dir, without other file systems and
// without the directories in except. Files that go away meanwhile are no error.
func Measure(ctx context.Context, dir string, except []string) uint64 {
	var total uint64
	var device uint64
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return nil // gone, or not to be read: it counts nothing
		case path != dir && slices.Contains(except, path):
			return fs.SkipDir
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // gone meanwhile
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil
		}
		if path == dir {
			device = stat.Dev
		}
		if stat.Dev != device {
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		total += uint64(stat.Blocks) * 512 / max(1, linksOf(stat))
		return nil
	})
	return total
}

// linksOf returns among how many names the room of a file is shared.
func linksOf(stat *syscall.Stat_t) uint64 {
	if stat.Mode&syscall.S_IFMT == syscall.S_IFDIR {
		return 1
	}
	return uint64(stat.Nlink)
}

// Describe says in one line how full a partition is and who takes how much, the
// largest first.
func Describe(r Room, partition string, parts []Part) string {
	parts = slices.Clone(parts)
	slices.SortFunc(parts, func(a, b Part) int { return int(int64(b.Bytes) - int64(a.Bytes)) })
	var who []string
	for _, p := range parts {
		if p.Partition == partition && p.Bytes > 0 {
			who = append(who, fmt.Sprintf("%s %s", p.Component, size(p.Bytes)))
		}
	}
	text := fmt.Sprintf("nearly full: %s of %s and %d of %d files", size(r.Used), size(r.Size), r.FilesUsed, r.Files)
	if len(who) > 0 {
		text += "; " + strings.Join(who, ", ")
	}
	return text
}

func size(bytes uint64) string {
	if bytes < 10<<20 {
		return fmt.Sprintf("%d KiB", (bytes+1023)>>10)
	}
	return fmt.Sprintf("%d MiB", bytes>>20)
}
