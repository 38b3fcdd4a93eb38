// Package casync reads and writes images in the format of casync: an index
// (.caibx) that names the pieces of an image in order, and a store with one
// zstd frame (.cacnk) per different piece. casync and desync read what this
// package writes and the reverse, and because the chunker cuts at the same
// places all three share chunks.
//
// An index or a chunk may come from anybody. [ReadIndex] refuses what is not
// consistent and [Decoder.Decode] what is not the chunk that was asked for; both
// use a bounded amount of memory whatever they are given. That the index is the
// right one is not checked here: its hash must come from signed metadata.
//
// Only indexes of blobs with SHA512/256 are supported, no archives of trees
// (.caidx), no encryption, no uncompressed stores.
//
// Beside them, and not casync's, a store may hold chunks as differences to others:
// see [Delta].
//
// The format is that of caformat.h, caindex.c and cachunker.c of casync.
package casync

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
)

var (
	// ErrIndex is wrapped when a file is no index that this package can use.
	ErrIndex = errors.New("bad casync index")
	// ErrChunk is wrapped when a chunk is damaged or is another one.
	ErrChunk = errors.New("bad casync chunk")
	// ErrDeltas is wrapped when a file is no table of deltas.
	ErrDeltas = errors.New("bad table of chunk deltas")
	// ErrSizes is wrapped when chunk sizes are out of range.
	ErrSizes = errors.New("bad chunk sizes")
)

// MaxChunk is the largest chunk size that is accepted, in bytes. A decoder and
// its buffers take about twice as much memory as the largest chunk.
const MaxChunk = 1 << 20

// An ID is the SHA512/256 of a chunk before compression.
type ID [sha512.Size256]byte

// Sum returns the ID of data.
func Sum(data []byte) ID { return sha512.Sum512_256(data) }

// String returns id as 64 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Path returns where a store keeps chunk id, relative to the store's top:
// "0123/0123…cdef.cacnk". The separator is always a slash.
func Path(id ID) string {
	name := id.String()
	return name[:4] + "/" + name + ".cacnk"
}

// ParseID reads what [ID.String] wrote.
func ParseID(text string) (ID, error) {
	var id ID
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != len(id) || hex.EncodeToString(raw) != text {
		return id, fmt.Errorf("%w: %q is no chunk id", ErrChunk, text)
	}
	return ID(raw), nil
}

// Sizes are the bounds between which the chunker cuts, in bytes.
type Sizes struct{ Min, Avg, Max uint32 }

// DefaultSizes are the ones of casync and desync: 16, 64 and 256 KiB.
func DefaultSizes() Sizes { return Sizes{16 << 10, 64 << 10, 256 << 10} }

// Check says whether chunks of these sizes can be made.
func (s Sizes) Check() error {
	if s.Min < window || s.Min > s.Avg || s.Avg > s.Max || s.Max > MaxChunk {
		return fmt.Errorf("%w: minimum %d, average %d, maximum %d: must rise, from %d to %d", ErrSizes, s.Min, s.Avg, s.Max, window, MaxChunk)
	}
	return nil
}
