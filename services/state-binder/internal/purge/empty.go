// Package purge makes a partition what it was before the first boot, and knows
// who asked for it.
//
// A request is durable: a file on the state partition, or purge-state or
// purge-data on the boot partition. [Empty] carries it out in a time that does not depend on
// how much there is: it renames, and [Sweep] deletes later. Only then is the request taken away,
// so a power cut at any moment leads to the whole purge at the next boot. Doing it
// twice does no harm, as nothing is bound yet.
//
// Promised: what is to be kept is kept, whenever the power is cut; a partition
// that is full can be purged. Not promised: that two of these functions may run
// at a time on one partition; the early phase is alone, and the daemon takes turns.
package purge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/seed"
)

// reserveSize is enough for the folders and files that a purge makes.
const reserveSize = 64 << 10

// disk is what Empty asks of the file system; tests let each call fail in turn.
type disk interface {
	mkdir(path string) error
	rename(from, to string) error
	removeAll(path string) error
	copy(to, from string) error
	sync(path string) error // everything on the file system of path
}

// Empty takes everything off the partition but the paths in keep, which are as
// the root sees them. They need not be there.
func Empty(dir place.Dir, keep []string) error {
	if err := empty(real{}, dir, keep); err != nil {
		return fmt.Errorf("cannot purge %s: %w", dir, err)
	}
	return nil
}

func empty(d disk, dir place.Dir, keep []string) error {
	if err := d.removeAll(dir.Reserve()); err != nil {
		return err
	}
	if err := prepareFresh(d, dir, keep); err != nil {
		return err
	}
	if err := d.mkdir(dir.Trash()); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	entries, err := os.ReadDir(string(dir))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if dir.Own(entry.Name()) {
			continue
		}
		if err := d.rename(filepath.Join(string(dir), entry.Name()), unused(dir, entry.Name())); err != nil {
			return err
		}
	}
	if err := d.rename(dir.Fresh(), dir.Overlay()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return d.sync(string(dir))
}

// prepareFresh makes the overlay that comes in place of the present one, with
// what is kept. Where there is no present one, an earlier attempt has taken it
// away, and what that attempt made was durable by then.
func prepareFresh(d disk, dir place.Dir, keep []string) error {
	switch _, err := os.Lstat(dir.Overlay()); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	if err := d.removeAll(dir.Fresh()); err != nil {
		return err
	}
	made := false
	for _, path := range keep {
		if _, err := os.Lstat(dir.Source(path)); err != nil {
			continue // not there, or not to be read any more
		}
		if err := keepOne(d, dir, path); err != nil {
			return err
		}
		made = true
	}
	if !made {
		return nil
	}
	return d.sync(string(dir))
}

// keepOne copies what is at path, and makes the folders above it. A purge wipes
// what is declared, so those get their owner and mode when they are seeded.
func keepOne(d disk, dir place.Dir, path string) error {
	to := filepath.Join(dir.Fresh(), path)
	var missing []string
	for parent := filepath.Dir(to); ; parent = filepath.Dir(parent) {
		if _, err := os.Lstat(parent); err == nil {
			break
		}
		missing = append(missing, parent)
		if parent == dir.Fresh() {
			break
		}
	}
	for i := len(missing) - 1; i >= 0; i-- {
		if err := d.mkdir(missing[i]); err != nil {
			return err
		}
	}
	return d.copy(to, dir.Source(path))
}

// unused returns a name in the trash that nothing has.
func unused(dir place.Dir, name string) string {
	for n := 0; ; n++ {
		path := filepath.Join(dir.Trash(), fmt.Sprintf("%d-%s", n, name))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path
		}
	}
}

// Prepare makes what a purge of a full partition needs. It is called at every
// boot; a partition that is full already is no error.
func Prepare(dir place.Dir) error {
	if err := os.Mkdir(dir.Trash(), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return ignoreFull(fmt.Errorf("cannot prepare %s for a purge: %w", dir, err))
	}
	f, err := os.OpenFile(dir.Reserve(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return ignoreFull(fmt.Errorf("cannot prepare %s for a purge: %w", dir, err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() == reserveSize {
		return nil
	}
	if err := unix.Fallocate(int(f.Fd()), 0, 0, reserveSize); err != nil && !errors.Is(err, unix.ENOTSUP) {
		return ignoreFull(fmt.Errorf("cannot prepare %s for a purge: %w", dir, err))
	}
	return nil
}

func ignoreFull(err error) error {
	if errors.Is(err, unix.ENOSPC) {
		return nil
	}
	return err
}

// real is the real file system.
type real struct{}

func (real) mkdir(path string) error      { return os.Mkdir(path, 0o755) }
func (real) rename(from, to string) error { return os.Rename(from, to) }
func (real) removeAll(path string) error  { return os.RemoveAll(path) }
func (real) copy(to, from string) error   { return seed.Copy(to, from) }

func (real) sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &fs.PathError{Op: "syncfs", Path: path, Err: err}
	}
	return nil
}
