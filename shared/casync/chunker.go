package casync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// window is how many bytes decide whether a cut follows them.
const window = 48

// A Chunker cuts a stream where casync does: at a place that depends on the 48
// bytes before it alone, so that inserted bytes move few of the cuts.
type Chunker struct {
	in      io.Reader
	sizes   Sizes
	divisor uint32
	table   [256]uint32
	buffer  []byte // twice the largest chunk
	at, end int    // what is read and not yet returned
	err     error  // of in
}

// NewChunker returns a chunker for in. Its memory is twice the largest chunk.
func NewChunker(in io.Reader, sizes Sizes) (*Chunker, error) {
	if err := sizes.Check(); err != nil {
		return nil, fmt.Errorf("cannot cut into chunks: %w", err)
	}
	return &Chunker{
		in: in, sizes: sizes, divisor: divisor(sizes.Avg), table: buzhash(),
		buffer: make([]byte, 2*sizes.Max),
	}, nil
}

// divisor is the formula of cachunker.c. It was fitted there so that chunks
// have the average size although some cuts are too near or too far.
func divisor(avg uint32) uint32 {
	return uint32(float64(avg) / (-1.42888852e-7*float64(avg) + 1.33237515))
}

// Next returns the next chunk, valid until the following call, or io.EOF.
func (c *Chunker) Next() ([]byte, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	size := c.cut(c.buffer[c.at:min(c.end, c.at+int(c.sizes.Max))])
	chunk := c.buffer[c.at : c.at+size]
	c.at += size
	return chunk, nil
}

// fill makes one whole chunk available, less only at the end of the stream.
func (c *Chunker) fill() error {
	if c.end-c.at < int(c.sizes.Max) {
		c.end = copy(c.buffer, c.buffer[c.at:c.end])
		c.at = 0
	}
	for c.err == nil && c.end-c.at < int(c.sizes.Max) {
		var n int
		n, c.err = io.ReadAtLeast(c.in, c.buffer[c.end:], int(c.sizes.Max)-(c.end-c.at))
		c.end += n
	}
	if errors.Is(c.err, io.ErrUnexpectedEOF) {
		c.err = io.EOF
	}
	if c.err != nil && !errors.Is(c.err, io.EOF) {
		return fmt.Errorf("cannot cut into chunks: %w", c.err)
	}
	if c.at == c.end {
		return io.EOF
	}
	return nil
}

// cut returns the length of the chunk at the start of data, which is all of it
// if no place is found.
func (c *Chunker) cut(data []byte) int {
	if len(data) <= int(c.sizes.Min) {
		return len(data)
	}
	var hash uint32
	for _, in := range data[c.sizes.Min-window : c.sizes.Min] {
		hash = bits.RotateLeft32(hash, 1) ^ c.table[in]
	}
	for at := int(c.sizes.Min); at < len(data); at++ {
		out := bits.RotateLeft32(c.table[data[at-window]], window)
		hash = bits.RotateLeft32(hash, 1) ^ out ^ c.table[data[at]]
		if hash%c.divisor == c.divisor-1 {
			return at + 1
		}
	}
	return len(data)
}

// Make cuts in into chunks, gives each to put, in order and with those that
// recur, and returns the index. The data is valid until put returns. It stops
// when ctx ends.
func Make(ctx context.Context, in io.Reader, sizes Sizes, put func(id ID, data []byte) error) (*Index, error) {
	chunker, err := NewChunker(in, sizes)
	if err != nil {
		return nil, err
	}
	index := &Index{Sizes: sizes}
	for {
		data, err := chunker.Next()
		if errors.Is(err, io.EOF) {
			return index, nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		chunk := Chunk{Sum(data), index.Size(), uint32(len(data))}
		if err := put(chunk.ID, data); err != nil {
			return nil, fmt.Errorf("cannot keep chunk %s: %w", chunk.ID, err)
		}
		index.Chunks = append(index.Chunks, chunk)
	}
}
