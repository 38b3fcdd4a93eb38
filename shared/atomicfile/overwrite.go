package atomicfile

import (
	"errors"
	"fmt"
	"os"
)

// ErrSize is wrapped when a file that is overwritten in place has another size.
var ErrSize = errors.New("its size would change")

// Overwrite puts data over a file of exactly that size, in place: no cluster is
// taken or given up, the name is not touched, so nothing but the file's own
// sectors can tear at a power cut. Content that one sector of 512 bytes decides is
// old or new then. It is what the boot loader's environment needs, which finds its
// file by its blocks. It is safe on FAT.
func Overwrite(path string, data []byte) error {
	return overwrite(disk{}, path, data)
}

// OverwriteAt puts data at an offset of a file or a block device, in place and
// durably. Nothing but the sectors that it covers can tear at a power cut.
func OverwriteAt(path string, offset int64, data []byte) error {
	f, err := disk{}.open(path, os.O_RDWR, 0)
	if err != nil {
		return cannotWrite(path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case offset < 0 || info.Mode().IsRegular() && info.Size() < offset+int64(len(data)):
		err = fmt.Errorf("%w: %d bytes at %d of %d", ErrSize, len(data), offset, info.Size())
	default:
		_, err = f.WriteAt(data, offset)
		if err == nil {
			err = f.Sync()
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

func overwrite(o ops, path string, data []byte) error {
	f, err := o.open(path, os.O_RDWR, 0)
	if err != nil {
		return cannotWrite(path, err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.Size() != int64(len(data)):
		err = fmt.Errorf("%w: from %d to %d bytes", ErrSize, info.Size(), len(data))
	default:
		_, err = f.WriteAt(data, 0)
		if err == nil {
			err = f.Sync()
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}
