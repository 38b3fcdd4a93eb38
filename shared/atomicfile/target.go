package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A target is a file on FAT with its neighbours.
type target struct {
	ops
	path string
}

func (t target) side() string     { return t.short(".JNL") }
func (t target) tmp() string      { return t.short(".TMP") }
func (t target) rejected() string { return t.path + ".rejected" }
func (t target) damaged() string  { return t.path + ".damaged" }

// short returns a neighbour's name in 8.3 upper case: its directory entry takes
// 32 bytes and so never crosses a sector, as a long name's entries can.
func (t target) short(ext string) string {
	dir, base := filepath.Split(t.path)
	stem, _, _ := strings.Cut(base, ".")
	stem = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(stem))
	return dir + stem[:min(8, len(stem))] + ext
}

// forget makes the side file invalid, durably, and removes it. A cluster must
// not go on holding a valid one: a later side file can get the same cluster, and
// a power cut can leave its directory entry there without its content.
func (t target) forget() error {
	f, err := t.open(t.side(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, len(journalMagic)), 0)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return t.drop()
}

// drop removes the side file.
func (t target) drop() error {
	if err := t.remove(t.side()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return t.syncDir()
}

// empty takes the content of the file at path away, durably, and keeps its
// directory entry; it is no error if there is none. Afterwards the entry points
// to no clusters, whatever a power cut had made it point to.
func (t target) empty(path string) error {
	f, err := t.open(path, os.O_WRONLY|os.O_TRUNC, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// exists reports whether there is a file at path, readable or not.
func (t target) exists(path string) (bool, error) {
	f, err := t.open(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// room fails with ENOSPC unless files of the given sizes can be made, and the
// directory can grow.
func (t target) room(sizes ...int) error {
	free, block, err := t.space(filepath.Dir(t.path))
	if err != nil || block == 0 {
		return err
	}
	need := int64(1)
	for _, size := range sizes {
		need += (int64(size) + block - 1) / block
	}
	if free < need {
		return fmt.Errorf("%d bytes more are needed: %w", (need-free)*block, unix.ENOSPC)
	}
	return nil
}

func (t target) syncDir() error {
	return syncPath(t.ops, filepath.Dir(t.path), file.Sync)
}

// read returns a regular file of at most limit bytes and its permissions. The
// content of an empty file is not nil.
func (t target) read(path string, limit int) ([]byte, fs.FileMode, error) {
	f, err := t.open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, ErrNotRegular
	}
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	switch {
	case err != nil:
		return nil, info.Mode().Perm(), err
	case len(data) > limit:
		return nil, info.Mode().Perm(), ErrTooLarge
	}
	return data, info.Mode().Perm(), nil
}
