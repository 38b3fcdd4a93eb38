package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Errors of Replace and Recover, to be told apart with errors.Is.
var (
	// ErrChanged means that the file does not hold what the caller has read.
	ErrChanged = errors.New("it was changed meanwhile")
	// ErrUnfinished means that an earlier Replace was interrupted: call Recover first.
	ErrUnfinished = errors.New("an earlier change is unfinished")
	// ErrTooLarge means that the content is larger than MaxSize.
	ErrTooLarge = errors.New("it is too large")
	// ErrNotRegular means that no regular file stands in the file's place.
	ErrNotRegular = errors.New("it is not a regular file")
)

// Replace changes the file at path from old, nil if there is none, to data, in
// a way that is safe on FAT: after a power cut at any moment Recover brings back
// one or the other. An existing file keeps its permissions, a new one gets perm.
func Replace(path string, old, data []byte, perm fs.FileMode) error {
	if err := (target{disk{}, path}).replace(old, data, perm); err != nil {
		return fmt.Errorf("cannot replace %s: %w", path, err)
	}
	return nil
}

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

func (t target) replace(old, data []byte, perm fs.FileMode) error {
	if len(data) > MaxSize {
		return ErrTooLarge
	}
	now, mode, err := t.read(t.path, MaxSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		mode = perm
	case err != nil:
		return err
	}
	if (now == nil) != (old == nil) || !bytes.Equal(now, old) {
		return ErrChanged
	}
	if err := t.begin(newJournal(old, data)); err != nil {
		return err
	}
	if moved, err := t.install(t.path, data, mode); err != nil {
		if !moved { // nothing has changed: forget it
			err = errors.Join(err, t.drop())
		}
		return err
	}
	return t.drop()
}

// begin makes the side file durable.
func (t target) begin(j journal) error {
	f, err := t.open(t.side(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ErrUnfinished
	}
	if err != nil {
		return err
	}
	_, err = f.Write(j.encode())
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = t.syncDir()
	}
	if err != nil {
		return errors.Join(err, t.drop())
	}
	return nil
}

// install puts data at path by rename and makes it durable. moved says whether
// the rename has happened. The file stays open over the rename, because what
// makes the moved entry durable on FAT is the second fsync of the same inode.
func (t target) install(path string, data []byte, perm fs.FileMode) (moved bool, err error) {
	f, err := t.open(t.tmp(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return false, err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = t.rename(t.tmp(), path)
		moved = err == nil
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = syncPath(t.ops, filepath.Dir(path), file.Sync, file.SyncFS)
	}
	if err != nil && !moved {
		err = errors.Join(err, t.remove(t.tmp()))
	}
	return moved, err
}

// drop removes the side file.
func (t target) drop() error {
	if err := t.remove(t.side()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return t.syncDir()
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
