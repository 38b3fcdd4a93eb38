package inside

import (
	"bytes"
	"fmt"
	"iter"
	"os"

	"golang.org/x/sys/unix"
)

// A Disk is read and written past the page cache: for notes in the record of its
// writes, and for states of a power cut.
type Disk struct {
	Path   string // its device file
	file   *os.File
	buffer []byte // aligned to a page
}

const bufferSize = 1 << 20

// Open opens the disk with a serial number.
func Open(serial string) (*Disk, error) {
	path, err := Device(serial)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|unix.O_DIRECT, 0)
	if err != nil {
		return nil, err
	}
	buffer, err := unix.Mmap(-1, 0, bufferSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("cannot get memory: %w", err)
	}
	return &Disk{path, file, buffer}, nil
}

// Sync waits until the disk has flushed its cache.
func (d *Disk) Sync() error { return d.file.Sync() }

// Become puts the sectors of patch, by their places in bytes, onto the disk as it was,
// the beginning of which is in want; now is as much memory to work with. What earlier
// recoveries have written elsewhere lies in clusters that were free then and are now,
// and stays.
func (d *Disk) Become(patch iter.Seq2[int64, []byte], want, now []byte) error {
	if err := d.Read(now); err != nil {
		return err
	}
	for at, sector := range patch {
		if at < int64(len(want)) {
			copy(want[at:], sector)
		} else if err := d.Write(at, sector); err != nil {
			return err
		}
	}
	if err := d.writeChanges(want, now); err != nil {
		return err
	}
	return d.Sync()
}

// writeChanges writes the sectors of want that differ from what is there now.
func (d *Disk) writeChanges(want, now []byte) error {
	const large, sector = 64 << 10, 512
	for at := 0; at < len(want); at += large {
		end := min(at+large, len(want))
		if bytes.Equal(want[at:end], now[at:end]) {
			continue
		}
		for from := at; from < end; from += sector {
			to := from
			for to < end && !bytes.Equal(want[to:to+sector], now[to:to+sector]) {
				to += sector
			}
			if to == from {
				continue
			}
			if err := d.Write(int64(from), want[from:to]); err != nil {
				return err
			}
			from = to
		}
	}
	return nil
}

// Write writes data, at most a megabyte of whole sectors.
func (d *Disk) Write(at int64, data []byte) error {
	copy(d.buffer, data)
	_, err := d.file.WriteAt(d.buffer[:len(data)], at)
	return err
}

// Read reads the beginning of the disk, from the disk and not from the cache.
func (d *Disk) Read(into []byte) error {
	if err := unix.IoctlSetInt(int(d.file.Fd()), unix.BLKFLSBUF, 0); err != nil {
		return fmt.Errorf("cannot empty the cache: %w", err)
	}
	for at := 0; at < len(into); at += bufferSize {
		part := d.buffer[:min(bufferSize, len(into)-at)]
		if _, err := d.file.ReadAt(part, int64(at)); err != nil {
			return err
		}
		copy(into[at:], part)
	}
	return nil
}

// ReadAt reads what is on the disk at a byte that need not begin a page.
func (d *Disk) ReadAt(into []byte, at int64) error {
	if _, err := d.file.ReadAt(d.buffer[:len(into)], at); err != nil {
		return err
	}
	copy(into, d.buffer)
	return nil
}
