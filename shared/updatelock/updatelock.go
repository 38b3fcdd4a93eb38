// Package updatelock asks whether somebody wants no reboot now.
//
// A lock is a flock(2) that a process holds on a file in the directory of locks; a
// container has the directory mounted and takes it there. A file that nobody holds
// is no lock: the kernel lets go of a lock whose holder died.
package updatelock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Held returns the path of a lock in dir that is held, "" if there is none. A
// directory that is not there has no locks.
func Held(dir string) (string, error) {
	held := ""
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		locked, err := isLocked(path)
		if err == nil && locked {
			held = path
			return fs.SkipAll
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("cannot look for update locks: %w", err)
	}
	return held, nil
}

// isLocked tries the lock and lets go of it at once.
func isLocked(path string) (bool, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return true, nil
	}
	return false, err
}
