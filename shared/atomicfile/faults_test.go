package atomicfile

import (
	"errors"
	"io/fs"
	"syscall"
)

// A fault is what happens to the Nth operation.
type fault string

const (
	failEIO    fault = "EIO"
	failENOSPC fault = "ENOSPC"
	failShort  fault = "short write"
	crash      fault = "crash" // this operation and all after it do nothing
)

var errCrash = errors.New("the program is gone")

// faulty is the real file system, of which the Nth operation fails.
type faulty struct {
	disk
	kind fault
	nth  int // from 1
	done int // operations so far
}

// next counts one operation and returns what becomes of it.
func (o *faulty) next() error {
	o.done++
	switch {
	case o.kind == crash && o.done >= o.nth:
		return errCrash
	case o.done != o.nth:
		return nil
	case o.kind == failENOSPC:
		return syscall.ENOSPC
	}
	return syscall.EIO
}

func (o *faulty) reached() bool { return o.done >= o.nth }

func (o *faulty) open(path string, flag int, perm fs.FileMode) (file, error) {
	if err := o.next(); err != nil {
		return nil, err
	}
	f, err := o.disk.open(path, flag, perm)
	if err != nil {
		return nil, err
	}
	return faultyFile{f, o}, nil
}

func (o *faulty) rename(from, to string) error {
	if err := o.next(); err != nil {
		return err
	}
	return o.disk.rename(from, to)
}

func (o *faulty) remove(path string) error {
	if err := o.next(); err != nil {
		return err
	}
	return o.disk.remove(path)
}

func (o *faulty) space(path string) (free, size int64, err error) {
	if err := o.next(); err != nil {
		return 0, 0, err
	}
	return o.disk.space(path)
}

type faultyFile struct {
	file
	ops *faulty
}

// Write writes half of p before it fails: that is what a full disk does.
func (f faultyFile) Write(p []byte) (int, error) {
	if err := f.ops.next(); err != nil {
		n, _ := f.file.Write(p[:len(p)/2])
		return n, err
	}
	return f.file.Write(p)
}

func (f faultyFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.ops.next(); err != nil {
		return 0, err
	}
	return f.file.WriteAt(p, at)
}

func (f faultyFile) Read(p []byte) (int, error) {
	if err := f.ops.next(); err != nil {
		return 0, err
	}
	return f.file.Read(p)
}

func (f faultyFile) Stat() (fs.FileInfo, error) {
	if err := f.ops.next(); err != nil {
		return nil, err
	}
	return f.file.Stat()
}

func (f faultyFile) Chmod(mode fs.FileMode) error {
	if err := f.ops.next(); err != nil {
		return err
	}
	return f.file.Chmod(mode)
}

func (f faultyFile) Sync() error {
	if err := f.ops.next(); err != nil {
		return err
	}
	return f.file.Sync()
}

// SyncFS is not passed on: syncing this machine's disk proves nothing here.
func (f faultyFile) SyncFS() error { return f.ops.next() }

// Close always closes, as the kernel does.
func (f faultyFile) Close() error {
	return errors.Join(f.ops.next(), f.file.Close())
}
