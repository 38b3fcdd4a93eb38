// Package bootfile is the owner's logo on the boot partition: read, replaced,
// removed, and said to have changed.
//
// The partition is FAT: a change goes through atomicfile.Replace, whose side file is
// finished or dropped by [File.Recover], early at boot. The caller makes sure
// that one of Recover, Replace and Remove runs at a time.
package bootfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/services/splash-setter/internal/logo"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/layout"
)

// Name is the file's path on the boot partition.
const Name = "splash/resin-logo.png"

// ErrNotWritten is wrapped by errors of Replace and Remove.
var ErrNotWritten = errors.New("the logo is not written")

// A File is the owner's logo.
type File struct{ path string }

// New returns the logo of the device at root.
func New(root layout.Root) File { return File{filepath.Join(root.Boot(), Name)} }

// Path returns where the file is.
func (f File) Path() string { return f.path }

// Read returns the content, no more than one byte beyond [logo.MaxBytes], or an
// error that matches [fs.ErrNotExist] if there is none. It does not wait for a
// pipe or read a device that somebody put there.
func (f File) Read() ([]byte, error) {
	file, err := os.OpenFile(f.path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w", f.path, atomicfile.ErrNotRegular)
	}
	return io.ReadAll(io.LimitReader(file, logo.MaxBytes+1))
}

// Recover finishes or drops a Replace that a power cut interrupted.
func (f File) Recover() (atomicfile.Outcome, error) {
	return atomicfile.Recover(f.path, logo.Check)
}

// Replace makes data, a valid logo, the content, durably.
func (f File) Replace(data []byte) error {
	if err := f.replace(data); err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritten, err)
	}
	return nil
}

func (f File) replace(data []byte) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return err
	}
	if _, err := f.Recover(); err != nil {
		return err
	}
	old, err := f.Read()
	switch {
	case err == nil && len(old) <= atomicfile.MaxSize:
	case errors.Is(err, fs.ErrNotExist):
		old = nil
	default: // larger than we ever wrote, or not a file: the new logo takes its place
		old = nil
		if err := os.Remove(f.path); err != nil {
			return err
		}
	}
	return atomicfile.Replace(f.path, old, data, 0o600)
}

// Remove removes the file, durably. It is no error if there is none.
func (f File) Remove() error {
	if err := f.remove(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotWritten, err)
	}
	return nil
}

func (f File) remove() error {
	if _, err := f.Recover(); err != nil {
		return err
	}
	if err := os.Remove(f.path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}
