// Package cache guards folders that the tests of several processes fill once and use
// again and again. What is in a folder, and when it is made anew, is its users' matter.
package cache

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// Lock makes the folder dir and waits until nobody else holds it. It is held until the
// Closer is closed or the process ends.
func Lock(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		lock.Close()
		return nil, fmt.Errorf("cannot lock %s: %w", dir, err)
	}
	return lock, nil
}
