package bind

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/services/state-binder/internal/declare"
)

// ensureTarget holds the place in the root against what is declared. On a file
// system in memory it can be made; the root has it or has not.
func ensureTarget(i *item) error {
	kind, err := kindOf(i.target)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeTarget(i); err != nil {
			return fmt.Errorf("%w: %w", ErrTarget, err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTarget, err)
	}
	if kind != i.Kind {
		return fmt.Errorf("%w: it is no %s", ErrTarget, i.Kind)
	}
	return nil
}

func makeTarget(i *item) error {
	if i.Kind == declare.Directory {
		return os.MkdirAll(i.target, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(i.target), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(i.target, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// kindOf says what is at path; "" is neither a directory nor a file.
func kindOf(path string) (declare.Kind, error) {
	var now unix.Stat_t
	if err := unix.Lstat(path, &now); err != nil {
		return "", &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	switch now.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return declare.Directory, nil
	case unix.S_IFREG:
		return declare.File, nil
	}
	return "", nil
}
