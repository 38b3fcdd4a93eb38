package crashlog

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// ErrFormat means that the data is no record of writes.
var ErrFormat = errors.New("not a log of writes")

// The format: Documentation/admin-guide/device-mapper/log-writes.rst and
// drivers/md/dm-log-writes.c in Linux, block/blklogwrites.c in QEMU. All
// numbers are little endian. Sector 0 of the log holds the superblock, then
// each entry takes a sector of its own, followed by its data in whole sectors.
const (
	magic       = 0x6a736677736872
	version     = 1
	minSector   = 512
	maxSector   = 65536
	entryLength = 32
)

type superblock struct {
	Magic, Version, Entries uint64
	SectorSize              uint32
}

type entry struct {
	Sector, Count uint64
	Flags         Flags
	Length        uint64 // of the data of a mark, in bytes
}

// Parse reads a log. Entries that the superblock does not count yet, because
// their writer was killed, are left out. A log without entries is no error.
func Parse(r io.Reader) (*Log, error) {
	log, err := parse(r)
	if err != nil {
		return nil, fmt.Errorf("cannot parse the log of writes: %w", err)
	}
	return log, nil
}

func parse(r io.Reader) (*Log, error) {
	var super superblock
	head := make([]byte, minSector)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("%w: superblock: %w", ErrFormat, err)
	}
	if err := binary.Read(bytes.NewReader(head), binary.LittleEndian, &super); err != nil {
		return nil, err
	}
	size := int64(super.SectorSize)
	switch {
	case super.Magic != magic || super.Version != version:
		return nil, fmt.Errorf("%w: magic %#x, version %d", ErrFormat, super.Magic, super.Version)
	case size < minSector || size > maxSector || size&(size-1) != 0:
		return nil, fmt.Errorf("%w: sectors of %d bytes", ErrFormat, size)
	}
	if _, err := io.CopyN(io.Discard, r, size-minSector); err != nil {
		return nil, fmt.Errorf("%w: superblock: %w", ErrFormat, err)
	}
	log := &Log{SectorSize: int(size)}
	for n := range super.Entries {
		op, err := readOp(r, size)
		if err != nil {
			return nil, fmt.Errorf("%w: entry %d of %d: %w", ErrFormat, n, super.Entries, err)
		}
		log.Ops = append(log.Ops, op)
	}
	return log, nil
}

// readOp reads an entry and what follows it.
func readOp(r io.Reader, size int64) (Op, error) {
	sector := make([]byte, size)
	if _, err := io.ReadFull(r, sector); err != nil {
		return Op{}, err
	}
	var e entry
	if err := binary.Read(bytes.NewReader(sector), binary.LittleEndian, &e); err != nil {
		return Op{}, err
	}
	op := Op{Sector: e.Sector, Count: e.Count, Flags: e.Flags}
	if op.Sector+op.Count < op.Sector || op.Sector+op.Count > uint64(1<<62/size) {
		return Op{}, fmt.Errorf("%d sectors at %d", e.Count, e.Sector)
	}
	switch {
	case e.Flags&Mark != 0: // its text stands in the entry's own sector
		if e.Length > uint64(size-entryLength) {
			return Op{}, fmt.Errorf("mark of %d bytes", e.Length)
		}
		op.Data = sector[entryLength : entryLength+e.Length]
		return op, nil
	case e.Flags&Discard != 0 || e.Count == 0:
		return op, nil
	}
	data, err := readData(r, int64(e.Count)*size)
	op.Data = data
	return op, err
}

// readData reads n bytes and takes no more memory than there is data, whatever n says.
func readData(r io.Reader, n int64) ([]byte, error) {
	var buf bytes.Buffer
	if got, err := io.CopyN(&buf, r, n); err != nil {
		return nil, fmt.Errorf("%d bytes of data, %d expected: %w", got, n, err)
	}
	return buf.Bytes(), nil
}
