// Package seed copies what the root has to where it will survive, as it is:
// content, owner, permissions, extended attributes and time of change.
//
// Not promised: that a copy is atomic or durable; the caller copies beside the
// place, syncs and renames. Devices, sockets and pipes are left out: they belong
// to a running system. Other file systems below the source are not entered.
package seed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// Copy copies the tree at from to the new path to. What exists at to already is
// an error, and a failed copy stays there.
func Copy(to, from string) error {
	var top unix.Stat_t
	if err := unix.Lstat(from, &top); err != nil {
		return fmt.Errorf("cannot copy %s: %w", from, err)
	}
	if err := copyTree(to, from, top.Dev); err != nil {
		return fmt.Errorf("cannot copy %s: %w", from, err)
	}
	return nil
}

func copyTree(to, from string, device uint64) error {
	info, err := os.Lstat(from)
	if err != nil {
		return err
	}
	switch info.Mode().Type() {
	case fs.ModeDir:
		err = copyDir(to, from, info, device)
	case fs.ModeSymlink:
		err = copyLink(to, from)
	case 0:
		err = copyFile(to, from)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return copyMeta(to, from, info)
}

func copyDir(to, from string, info fs.FileInfo, device uint64) error {
	if err := os.Mkdir(to, 0o700); err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || stat.Dev != device {
		return nil
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := copyTree(filepath.Join(to, entry.Name()), filepath.Join(from, entry.Name()), device); err != nil {
			return err
		}
	}
	return nil
}

func copyLink(to, from string) error {
	target, err := os.Readlink(from)
	if err != nil {
		return err
	}
	return os.Symlink(target, to)
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// copyMeta gives to what from has beside its content. The owner goes first: a
// change of owner takes setuid bits and capabilities away.
func copyMeta(to, from string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	if err := os.Lchown(to, int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	if err := copyAttributes(to, from); err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSymlink {
		if err := unix.Chmod(to, stat.Mode&0o7777); err != nil {
			return &fs.PathError{Op: "chmod", Path: to, Err: err}
		}
	}
	times := []unix.Timespec{{Sec: stat.Mtim.Sec, Nsec: stat.Mtim.Nsec}, {Sec: stat.Mtim.Sec, Nsec: stat.Mtim.Nsec}}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, to, times, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &fs.PathError{Op: "utimensat", Path: to, Err: err}
	}
	return nil
}

// copyAttributes copies extended attributes, access lists and capabilities among
// them. File systems without them are no error.
func copyAttributes(to, from string) error {
	names := make([]byte, 64<<10) // the kernel's limit, listxattr(2)
	n, err := unix.Llistxattr(from, names)
	if err != nil {
		return ignoreUnsupported(err, from)
	}
	for _, name := range splitNames(names[:n]) {
		value := make([]byte, 64<<10)
		size, err := unix.Lgetxattr(from, name, value)
		if err == nil {
			err = unix.Lsetxattr(to, name, value[:size], 0)
		}
		if err := ignoreUnsupported(err, from); err != nil {
			return err
		}
	}
	return nil
}

func splitNames(list []byte) []string {
	var names []string
	start := 0
	for i, c := range list {
		if c == 0 {
			names = append(names, string(list[start:i]))
			start = i + 1
		}
	}
	return names
}

func ignoreUnsupported(err error, path string) error {
	if err == nil || errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.ENODATA) {
		return nil
	}
	return &fs.PathError{Op: "xattr", Path: path, Err: err}
}
