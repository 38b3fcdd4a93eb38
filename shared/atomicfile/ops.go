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
	// space returns how many blocks of the file system of path are free, and
	// their size in bytes. A size of 0 means that there is no limit.
	space(path string) (free, size int64, err error)
}

// file is an open file or directory.
type file interface {
	io.ReadWriteCloser
	io.WriterAt
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

func (disk) space(path string) (free, size int64, err error) {
	var now unix.Statfs_t
	if err := unix.Statfs(path, &now); err != nil {
		return 0, 0, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	if now.Blocks == 0 {
		return 0, 0, nil
	}
	return int64(now.Bavail), now.Bsize, nil
}

func (f diskFile) SyncFS() error {
	err := unix.Syncfs(int(f.Fd()))
	if err != nil {
		return &fs.PathError{Op: "syncfs", Path: f.Name(), Err: err}
	}
	return nil
}
