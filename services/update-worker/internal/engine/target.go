package engine

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// A slot is the partition that is written: past the kernel's cache, so that an
// update does not push the applications' pages out of the memory, what is written is
// on its way to the device at once, and what is read back comes from there.
type slot struct {
	*os.File          // through the cache, for what is looked up and what is no whole page
	direct   *os.File // past it, see open(2), O_DIRECT
	buffers  []byte   // two blocks, aligned as direct wants them
}

const (
	// block is how much is written at once: aligned, so that no page of the device has
	// to be read first.
	block = 1 << 20
	// page is what direct reads and writes come in multiples of: no device has larger sectors.
	page = 4 << 10
)

// openSlot opens the slot for writing. A mounted block device refuses O_EXCL,
// see open(2); nothing is created and nothing written.
func openSlot(path string, size int64) (*slot, error) {
	flags := os.O_RDWR
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeDevice != 0 {
		flags |= unix.O_EXCL
	}
	file, err := os.OpenFile(path, flags, 0)
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("cannot write %s: %w", path, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the slot: %w", err)
	}
	s := &slot{File: file}
	if err := s.prepare(size); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot write %s: %w", path, err), s.Close())
	}
	return s, nil
}

func (s *slot) prepare(size int64) error {
	room, err := s.Seek(0, io.SeekEnd) // the way that works for devices and files
	if err != nil {
		return err
	}
	if room < size {
		return fmt.Errorf("%w: it has %d MB, the image %d MB", ErrTooLarge, room>>20, size>>20)
	}
	return s.openDirect(os.O_RDWR)
}

// openDirect opens the very file once more.
func (s *slot) openDirect(flags int) (err error) {
	if s.direct, err = os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", s.Fd()), flags|unix.O_DIRECT, 0); err != nil {
		return err
	}
	s.buffers, err = unix.Mmap(-1, 0, 2*block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return err
}

// Close closes what openSlot opened, or as much of it as there is.
func (s *slot) Close() error {
	var errs error
	if s.buffers != nil {
		errs = unix.Munmap(s.buffers)
	}
	if s.direct != nil {
		errs = errors.Join(errs, s.direct.Close())
	}
	return errors.Join(errs, s.File.Close())
}

// way is the file through which length bytes go or come. Only the end of an image
// may be no whole number of pages.
func (s *slot) way(length int) *os.File {
	if length%page == 0 {
		return s.direct
	}
	return s.File
}
