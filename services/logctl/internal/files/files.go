// Package files looks after the folder that holds a journal: whether it can take
// one, how much the files take, and which of them may go.
//
// It counts and removes files by their names, which are journald's
// (https://systemd.io/JOURNAL_FILE_FORMAT), in one folder per machine id. It never
// looks into a file, and never touches one that is none of journald's.
package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"resinos.io/shared/atomicfile"
)

// markName is beside the machines' folders: at boot the journal goes to disk if it
// is there, see systemd-journal-flush.service.d. It is lost with the partition, as
// the journal is.
const markName = "persistent"

// Errors of a folder that cannot take a journal.
var (
	ErrNoPlace = errors.New("the data partition is not there or cannot be written")
	ErrFull    = errors.New("the data partition is full")
)

// A Dir is the folder that holds a journal, there or not.
type Dir struct {
	path string
}

// New returns the folder at path.
func New(path string) *Dir { return &Dir{path: path} }

// Check tells why a journal that may take need bytes more cannot be here: [ErrNoPlace]
// or [ErrFull]. A folder in RAM is no place.
func (d *Dir) Check(need uint64) error {
	var system unix.Statfs_t
	if err := unix.Statfs(d.path, &system); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrNoPlace, d.path, err)
	}
	switch {
	case system.Type == unix.TMPFS_MAGIC || system.Type == unix.RAMFS_MAGIC:
		return fmt.Errorf("%w: %s is in RAM", ErrNoPlace, d.path)
	case system.Flags&unix.ST_RDONLY != 0:
		return fmt.Errorf("%w: %s is read-only", ErrNoPlace, d.path)
	}
	if free := system.Bavail * uint64(system.Bsize); free < need {
		return fmt.Errorf("%w: %d MiB are free, the journal needs %d", ErrFull, free>>20, (need+1<<20-1)>>20)
	}
	return nil
}

// Mark says whether the journal goes here at the next boot, before logctl runs.
func (d *Dir) Mark(persistent bool) error {
	path := filepath.Join(d.path, markName)
	_, err := os.Lstat(path)
	switch there := err == nil; {
	case there == persistent:
		return nil
	case persistent:
		return atomicfile.Write(path, nil, 0o644)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("cannot forget that the journal was persistent: %w", err)
	}
	return nil
}

// Usage returns the bytes that the journal's files take, in blocks as du counts
// them. No folder takes none.
func (d *Dir) Usage() (uint64, error) {
	files, err := d.list()
	var sum uint64
	for _, f := range files {
		sum += f.bytes
	}
	return sum, err
}

// Vacuum removes files, oldest first, until they take at most limit bytes, and
// returns how many the removed ones took, also beside an error. Files that journald
// may be writing to stay if active is true.
func (d *Dir) Vacuum(limit uint64, active bool) (freed uint64, err error) {
	files, err := d.list()
	if err != nil {
		return 0, err
	}
	slices.SortFunc(files, older)
	var sum uint64
	for _, f := range files {
		sum += f.bytes
	}
	for _, f := range files {
		if sum-freed <= limit {
			break
		}
		if active && !f.archived {
			continue
		}
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return freed, fmt.Errorf("cannot remove a journal file: %w", err)
		}
		freed += f.bytes
	}
	return freed, nil
}
