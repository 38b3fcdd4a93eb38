package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
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
	j := newJournal(old, data)
	// The third one is for Recover: a power cut can make clusters disappear.
	if err := t.room(len(data), len(j.encode()), len(data)); err != nil {
		return err
	}
	if err := t.begin(j); err != nil {
		return err
	}
	if moved, err := t.install(t.path, data, mode); err != nil {
		if !moved { // nothing has changed: forget it
			err = errors.Join(err, t.finish())
		}
		return err
	}
	return t.forget()
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
	if err = errors.Join(t.fillSide(f, j.encode()), f.Close()); err != nil {
		return errors.Join(err, t.drop())
	}
	return nil
}

// fillSide writes the side file's magic last. fsync on FAT writes the directory
// entry before the table: without this a small side file could be read whole
// after a power cut while its cluster is still free, and Recover would write
// over it what it takes from it.
func (t target) fillSide(f file, text []byte) error {
	text = slices.Clone(text)
	magic := []byte(journalMagic)
	clear(text[:len(magic)])
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := t.syncDir(); err != nil {
		return err
	}
	if _, err := f.WriteAt(magic, 0); err != nil {
		return err
	}
	return f.Sync()
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
