package bind

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Kernel is the running system. It implements [System].
type Kernel struct{}

// Bind implements [System].
func (Kernel) Bind(source, target string) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("cannot bind %s: %w", source, err)
	}
	return nil
}

// Bound implements [System]. A bind has the inode of its source.
func (Kernel) Bound(source, target string) bool { return Bound(source, target) }

// Bound reports whether target shows what is at source.
func Bound(source, target string) bool {
	at, err := os.Stat(target)
	if err != nil {
		return false
	}
	from, err := os.Stat(source)
	return err == nil && os.SameFile(from, at)
}

// Sync implements [System].
func (Kernel) Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return &os.PathError{Op: "syncfs", Path: path, Err: err}
	}
	return nil
}
