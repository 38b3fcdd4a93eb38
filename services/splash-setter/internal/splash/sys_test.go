package splash_test

import (
	"os"

	"golang.org/x/sys/unix"
)

func dup(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 100) }

func mkfifo(path string) error { return unix.Mkfifo(path, 0o600) }

// isOpen reports whether fd still is the file f.
func isOpen(fd int, f *os.File) bool {
	var a, b unix.Stat_t
	return unix.Fstat(fd, &a) == nil && unix.Fstat(int(f.Fd()), &b) == nil && a.Ino == b.Ino && a.Dev == b.Dev
}
