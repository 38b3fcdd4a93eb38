package crashlog_test

import (
	"bytes"
	"encoding/binary"

	"resinos.io/e2e/crashlog"
)

const sector = 512

// disk returns a base of n sectors of zeros.
func disk(n int) *bytes.Reader { return bytes.NewReader(make([]byte, n*sector)) }

// write is a write of whole sectors that hold the letters of text, one each.
func write(at uint64, text string) crashlog.Op {
	op := crashlog.Op{Sector: at, Count: uint64(len(text))}
	for _, c := range text {
		op.Data = append(op.Data, bytes.Repeat([]byte{byte(c)}, sector)...)
	}
	return op
}

func with(op crashlog.Op, flags crashlog.Flags) crashlog.Op {
	op.Flags |= flags
	return op
}

func flush() crashlog.Op { return crashlog.Op{Flags: crashlog.Flush} }

func mark(text string) crashlog.Op {
	return crashlog.Op{Flags: crashlog.Mark, Data: []byte(text)}
}

func discard(at, count uint64) crashlog.Op {
	return crashlog.Op{Sector: at, Count: count, Flags: crashlog.Discard}
}

func log(ops ...crashlog.Op) *crashlog.Log {
	return &crashlog.Log{SectorSize: sector, Ops: ops}
}

// encode writes a log as the kernel and QEMU do; count is what the superblock says.
func encode(l *crashlog.Log, count int) []byte {
	var out bytes.Buffer
	put := func(size int, fields ...any) {
		var head bytes.Buffer
		for _, f := range fields {
			_ = binary.Write(&head, binary.LittleEndian, f) // into memory
		}
		out.Write(head.Bytes())
		out.Write(make([]byte, size-head.Len()))
	}
	put(l.SectorSize, uint64(0x6a736677736872), uint64(1), uint64(count), uint32(l.SectorSize))
	for _, op := range l.Ops {
		if op.Flags&crashlog.Mark != 0 {
			put(l.SectorSize, op.Sector, op.Count, uint64(op.Flags), uint64(len(op.Data)), op.Data)
			continue
		}
		put(l.SectorSize, op.Sector, op.Count, uint64(op.Flags), uint64(len(op.Data)))
		out.Write(op.Data)
	}
	return out.Bytes()
}

// letters returns the first letter of each of n sectors, "." for zero.
func letters(image *crashlog.Image, n int) string {
	data := make([]byte, n*sector)
	if _, err := image.ReadAt(data, 0); err != nil {
		return err.Error()
	}
	var text []byte
	for i := range n {
		c := data[i*sector]
		if !bytes.Equal(data[i*sector:(i+1)*sector], bytes.Repeat([]byte{c}, sector)) {
			c = '?'
		}
		text = append(text, c)
	}
	return string(bytes.ReplaceAll(text, []byte{0}, []byte(".")))
}
