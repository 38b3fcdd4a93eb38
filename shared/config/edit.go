package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/shared/atomicfile"
)

const (
	attempts    = 5
	newFilePerm = 0o600
)

// Edit changes the file: it waits for the lock that all editors share,
// finishes an edit that was interrupted, reads the file, calls edit and writes
// the result so that it survives a power cut on FAT. A file that does not
// parse is not edited (ErrSyntax and the others), a missing one is created, and
// nothing is written if edit fails or changes nothing. If somebody without the
// lock changes the file meanwhile, edit is called again with the new content.
func (s *Store) Edit(ctx context.Context, edit func(*Document) error) error {
	unlock, err := lock(ctx, filepath.Dir(s.file))
	if err != nil {
		return s.cannotEdit(err)
	}
	defer unlock()
	if _, err := atomicfile.Recover(s.file, Check); err != nil {
		return s.cannotEdit(err)
	}
	for range attempts {
		if err = s.editOnce(edit); !errors.Is(err, atomicfile.ErrChanged) {
			break
		}
	}
	if err != nil {
		return s.cannotEdit(err)
	}
	return nil
}

// editOnce fails with atomicfile.ErrChanged if the file changes on the way.
func (s *Store) editOnce(edit func(*Document) error) error {
	old, doc, err := s.open()
	if err != nil {
		return err
	}
	if err := edit(doc); err != nil {
		return err
	}
	if old != nil && bytes.Equal(doc.data, old) {
		return nil
	}
	return atomicfile.Replace(s.file, old, doc.data, newFilePerm)
}

func (s *Store) cannotEdit(err error) error {
	return fmt.Errorf("cannot edit %s: %w", filepath.Base(s.file), err)
}

// open reads the file to be edited; old is nil if there is none.
func (s *Store) open() (old []byte, doc *Document, err error) {
	old, err = readFile(s.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, newDocument(), nil
	}
	if err != nil {
		return nil, nil, err
	}
	doc, err = parseDocument(old)
	return old, doc, err
}

// lock takes the lock of the editors: flock on the directory, so that no lock
// file is needed on the boot partition and a dead editor leaves nothing behind.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, bare(err)
	}
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, fmt.Errorf("cannot lock %s: %w", dir, ctx.Err())
		case <-time.After(wait):
		}
	}
}
