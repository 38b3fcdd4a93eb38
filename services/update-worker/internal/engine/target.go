package engine

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// openTarget opens the slot for writing. A mounted block device refuses O_EXCL,
// see open(2); nothing is created and nothing written.
func openTarget(path string, size int64) (*os.File, error) {
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
	room, err := file.Seek(0, io.SeekEnd) // the way that works for devices and files
	if err == nil && room < size {
		err = fmt.Errorf("%w: it has %d MB, the image %d MB", ErrTooLarge, room>>20, size>>20)
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return file, nil
}

// block is how much is written at once: aligned, so that no page of the device has
// to be read first.
const block = 1 << 20

// flushEvery is how much is written before the kernel is asked to begin with it:
// without that the last flush takes all the time, and the cache all the memory.
const flushEvery = 16 << 20

// writer puts bytes that come in order into the target, block by block, and leaves
// out blocks whose bytes are all there.
type writer struct {
	target  *os.File
	buffer  []byte
	at      int64 // of the buffer's begin
	dirty   bool  // the buffer has something that is not in the target
	flushed int64 // up to here the kernel has been asked to write
	written int64 // up to here the target has what it should have
}

func newWriter(target *os.File) *writer {
	return &writer{target: target, buffer: make([]byte, 0, block)}
}

// add appends data; there says that the target has it at this place already.
func (w *writer) add(data []byte, there bool) error {
	for len(data) > 0 {
		n := min(len(data), block-len(w.buffer))
		w.buffer = append(w.buffer, data[:n]...)
		w.dirty = w.dirty || !there
		data = data[n:]
		if len(w.buffer) == block {
			if err := w.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes what the buffer has.
func (w *writer) flush() error {
	if w.dirty {
		if _, err := w.target.WriteAt(w.buffer, w.at); err != nil {
			return fmt.Errorf("cannot write the slot: %w", err)
		}
	}
	w.at += int64(len(w.buffer))
	w.written = w.at
	w.buffer, w.dirty = w.buffer[:0], false
	if w.at-w.flushed >= flushEvery {
		// Only to spread the work; the sync at the end counts.
		_ = unix.SyncFileRange(int(w.target.Fd()), w.flushed, w.at-w.flushed, unix.SYNC_FILE_RANGE_WRITE)
		w.flushed = w.at
	}
	return nil
}

// end writes the rest and waits until the device has all.
func (w *writer) end() error {
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.target.Sync(); err != nil {
		return fmt.Errorf("cannot flush the slot: %w", err)
	}
	return nil
}
