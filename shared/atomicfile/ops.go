package atomicfile

import (
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// ops is what this package asks of the file system; tests let each fail in turn.
type ops interface {
	open(path string, flag int, perm fs.FileMode) (file, error)
	rename(from, to string) error
	remove(path string) error
}

// file is an open file or directory.
type file interface {
	io.ReadWriteCloser
	Chmod(fs.FileMode) error
	Stat() (fs.FileInfo, error)
	Sync() error
	SyncFS() error // everything on the file's file system
}

// disk is the real file system.
type disk struct{}

type diskFile struct{ *os.File }

func (disk) open(path string, flag int, perm fs.FileMode) (file, error) {
	f, err := os.OpenFile(path, flag|unix.O_NONBLOCK, perm)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

func (disk) rename(from, to string) error { return os.Rename(from, to) }

func (disk) remove(path string) error { return os.Remove(path) }

func (f diskFile) SyncFS() error {
	err := unix.Syncfs(int(f.Fd()))
	if err != nil {
		return &fs.PathError{Op: "syncfs", Path: f.Name(), Err: err}
	}
	return nil
}
