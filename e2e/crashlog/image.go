package crashlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"iter"
	"maps"
	"slices"
)

// An Image is a disk's content: a base that is never changed, which may be
// another image, and the sectors that differ from it. It may be read from several goroutines.
type Image struct {
	base       io.ReaderAt
	sectorSize int
	sectors    map[uint64][]byte
}

// NewImage returns an image with the content of base.
func NewImage(base io.ReaderAt, sectorSize int) *Image {
	return &Image{base: base, sectorSize: sectorSize, sectors: map[uint64][]byte{}}
}

// ReadAt reads as io.ReaderAt has it. The image is as long as its base.
func (m *Image) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.base.ReadAt(p, off)
	size := int64(m.sectorSize)
	for at := off - off%size; at < off+int64(n); at += size {
		if data, ok := m.sectors[uint64(at/size)]; ok {
			from := max(0, off-at)
			copy(p[at+from-off:n], data[from:])
		}
	}
	return n, err
}

// Sectors gives the sectors that differ from the disk before the log's first
// operation, or were written with the same content, in order. The data must not
// be changed.
func (m *Image) Sectors() iter.Seq2[uint64, []byte] {
	all := map[uint64][]byte{}
	if under, ok := m.base.(*Image); ok {
		all = maps.Collect(under.Sectors())
	}
	maps.Copy(all, m.sectors)
	return func(yield func(uint64, []byte) bool) {
		for _, n := range slices.Sorted(maps.Keys(all)) {
			if !yield(n, all[n]) {
				return
			}
		}
	}
}

// Clone returns an image of its own with the same content.
func (m *Image) Clone() *Image {
	return &Image{m.base, m.sectorSize, maps.Clone(m.sectors)}
}

// Write puts data, whole sectors, at sector. The data is kept, not copied.
func (m *Image) Write(sector uint64, data []byte) {
	for len(data) >= m.sectorSize {
		m.sectors[sector] = data[:m.sectorSize]
		sector, data = sector+1, data[m.sectorSize:]
	}
}

// apply carries out an operation; mask, if not nil, says which of its sectors.
func (m *Image) apply(op Op, mask []bool) {
	if !op.writes() {
		return
	}
	for i := range op.Count {
		switch {
		case mask != nil && !mask[i]:
		case op.Flags&Discard != 0:
			m.sectors[op.Sector+i] = make([]byte, m.sectorSize)
		default:
			m.Write(op.Sector+i, op.Data[i*uint64(m.sectorSize):(i+1)*uint64(m.sectorSize)])
		}
	}
}

// dropEqual forgets the sectors that are the same in the base.
func (m *Image) dropEqual() {
	old := make([]byte, m.sectorSize)
	for n, data := range m.sectors {
		if _, err := m.base.ReadAt(old, int64(n)*int64(m.sectorSize)); err == nil && bytes.Equal(old, data) {
			delete(m.sectors, n)
		}
	}
}

// sum is the hash of the sectors of an overlay: the same content, the same sum.
func sum(sectors map[uint64][]byte) [sha256.Size]byte {
	h := sha256.New()
	for _, n := range slices.Sorted(maps.Keys(sectors)) {
		h.Write(binary.LittleEndian.AppendUint64(nil, n))
		h.Write(sectors[n])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
