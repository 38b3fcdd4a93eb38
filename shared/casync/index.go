package casync

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The magic numbers and sizes of caformat.h, all little-endian 64 bit words.
const (
	typeIndex  = 0x96824d9c7b129ff9
	typeTable  = 0xe75b9e112f17417d
	tailMarker = 0x4b4f050e5549ecd1

	flagSHA512256     = 0x2000000000000000
	flagExcludeNoDump = 0x8000000000000000
	flagsExclude      = 0xd000000000000000 // what to leave out of a tree; casync and desync set some for blobs too

	headSize  = 48 // size, type, flags, minimum, average, maximum
	tableHead = 16 // size (all ones), type
	itemSize  = 40 // end of the chunk, its ID
)

// A Chunk is a piece of an image.
type Chunk struct {
	ID    ID
	Start int64  // where it begins in the image, in bytes
	Size  uint32 // in bytes, at least 1
}

// End returns where the chunk ends in the image, in bytes.
func (c Chunk) End() int64 { return c.Start + int64(c.Size) }

// An Index lists the chunks of an image in order and without gaps.
type Index struct {
	Sizes  Sizes
	Chunks []Chunk
}

// Size returns the size of the image in bytes.
func (x *Index) Size() int64 {
	if len(x.Chunks) == 0 {
		return 0
	}
	return x.Chunks[len(x.Chunks)-1].End()
}

// ReadIndex reads an index of an image of at most limit bytes, up to the end of
// r. Its errors wrap [ErrIndex], except for those of r itself. Chunks below the
// minimum size are accepted at the end only, so a hostile index costs no more
// memory than an honest one of the same image.
func ReadIndex(r io.Reader, limit int64) (*Index, error) {
	in := bufio.NewReader(r)
	sizes, err := readHead(in)
	if err != nil {
		return nil, readError(err)
	}
	index := &Index{Sizes: sizes}
	if err := index.readTable(in, limit); err != nil {
		return nil, readError(err)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("%w: something follows its end", ErrIndex)
		}
		return nil, readError(err)
	}
	return index, nil
}

func readError(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: it ends too early", ErrIndex)
	}
	return fmt.Errorf("cannot read index: %w", err)
}

func readHead(in io.Reader) (Sizes, error) {
	var head [headSize + tableHead]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return Sizes{}, err
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(head[8*i:]) }
	switch {
	case word(0) != headSize || word(1) != typeIndex:
		return Sizes{}, fmt.Errorf("%w: no casync index", ErrIndex)
	case word(2)&flagSHA512256 == 0:
		return Sizes{}, fmt.Errorf("%w: its chunks are named by SHA-256, only SHA512/256 is supported", ErrIndex)
	case word(2)&^(flagSHA512256|flagsExclude) != 0:
		return Sizes{}, fmt.Errorf("%w: flags %#x are not those of a blob", ErrIndex, word(2))
	case word(6) != ^uint64(0) || word(7) != typeTable:
		return Sizes{}, fmt.Errorf("%w: no table of chunks", ErrIndex)
	case word(3) > MaxChunk || word(4) > MaxChunk || word(5) > MaxChunk:
		return Sizes{}, fmt.Errorf("%w: chunks of up to %d bytes, at most %d are supported", ErrIndex, word(5), MaxChunk)
	}
	sizes := Sizes{uint32(word(3)), uint32(word(4)), uint32(word(5))}
	if err := sizes.Check(); err != nil {
		return Sizes{}, fmt.Errorf("%w: %w", ErrIndex, err)
	}
	return sizes, nil
}

func (x *Index) readTable(in io.Reader, limit int64) error {
	var item [itemSize]byte
	var start uint64
	for short := false; ; {
		if _, err := io.ReadFull(in, item[:]); err != nil {
			return err
		}
		end := binary.LittleEndian.Uint64(item[:])
		if end == 0 {
			return x.checkTail(item[8:])
		}
		switch {
		case end <= start || end-start > uint64(x.Sizes.Max):
			return fmt.Errorf("%w: chunk %d goes from %d to %d", ErrIndex, len(x.Chunks), start, end)
		case end > uint64(limit):
			return fmt.Errorf("%w: the image is larger than %d bytes", ErrIndex, limit)
		case short:
			return fmt.Errorf("%w: chunk %d is too small", ErrIndex, len(x.Chunks)-1)
		}
		short = end-start < uint64(x.Sizes.Min)
		x.Chunks = append(x.Chunks, Chunk{ID(item[8:]), int64(start), uint32(end - start)})
		start = end
	}
}

// checkTail gets what follows the zero of the last item: a zero, the size of
// the head, the size of the table and the marker.
func (x *Index) checkTail(tail []byte) error {
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(tail[8*i:]) }
	if word(0) != 0 || word(1) != headSize || word(2) != x.tableSize() || word(3) != tailMarker {
		return fmt.Errorf("%w: its tail does not match its table", ErrIndex)
	}
	return nil
}

func (x *Index) tableSize() uint64 {
	return tableHead + itemSize*uint64(len(x.Chunks)+1)
}
