// Package kernelname reads the kernel's host name and tells when it changes,
// whoever changes it.
//
// It reads /proc/sys/kernel/hostname, the name of this process's UTS namespace, and
// waits on the same file (it becomes ready for POLLPRI with every change, Linux
// fs/proc/proc_sysctl.c). Nothing runs while the name stays as it is.
package kernelname

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"resinos.io/shared/layout"
)

// A Name is the kernel's host name.
type Name struct {
	path string
}

// New returns the host name of the system whose file system is below root.
func New(root layout.Root) *Name {
	return &Name{path: root.Path("/proc/sys/kernel/hostname")}
}

// Read returns the name.
func (n *Name) Read() (string, error) {
	text, err := os.ReadFile(n.path)
	if err != nil {
		return "", fmt.Errorf("cannot read the kernel's name: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Watch calls changed, in a goroutine of its own, after each change of the name
// until ctx ends. It returns at once.
func (n *Name) Watch(ctx context.Context, changed func()) error {
	// Not os.Open: Go's own poller would wait on the same open file, and whoever
	// of the two looks first takes the event away from the other.
	file, err := unix.Open(n.path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("cannot watch the kernel's name: %w", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(file)
		return fmt.Errorf("cannot watch the kernel's name: %w", err)
	}
	context.AfterFunc(ctx, func() { _, _ = unix.Write(wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) })
	go func() {
		defer unix.Close(file)
		defer unix.Close(wake)
		for wait(file, wake) {
			changed()
		}
	}()
	return nil
}

// wait blocks until the file's content changed; false means that wake ended it.
func wait(file, wake int) bool {
	for {
		fds := []unix.PollFd{{Fd: int32(file), Events: unix.POLLPRI}, {Fd: int32(wake), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil {
			if err == unix.EINTR {
				continue
			}
			return false
		}
		if fds[1].Revents != 0 {
			return false
		}
		if fds[0].Revents&unix.POLLPRI != 0 {
			return true
		}
		if fds[0].Revents != 0 {
			return false // a file that cannot be waited on, as in tests
		}
	}
}
