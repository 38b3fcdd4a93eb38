package casync

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// A Delta is a chunk as the difference to another one, which a device may have: a
// zstd frame with the content of Base as its dictionary. `zstd -d -D BASE` reads it.
// It is a file beside the chunk's own, see [DeltaPath], and never needed: casync and
// desync do not look at it. What it decodes to is verified like any chunk.
type Delta struct {
	ID, Base ID
	Size     uint32 // of its file, in bytes
}

// DeltaPath returns where a store keeps the difference of chunk id to base, relative
// to the store's top: "0123/0123…cdef.cacnk.from-89ab…".
func DeltaPath(id, base ID) string { return Path(id) + ".from-" + base.String() }

// The table of deltas: a word that says what it is, then for each its two IDs and
// its size, little-endian, in the order of both IDs.
const (
	typeDeltas = 0x31_61_74_6c_65_64_73_72 // "rsdelta1"
	deltaSize  = 2*len(ID{}) + 4
)

// DeltaTableSize returns how many bytes the table of count deltas has.
func DeltaTableSize(count int) int64 { return 8 + int64(count)*int64(deltaSize) }

// DeltaTable returns deltas as a file that [ReadDeltas] reads. They must be in order.
func DeltaTable(deltas []Delta) []byte {
	out := make([]byte, 0, DeltaTableSize(len(deltas)))
	out = words(out, typeDeltas)
	for _, delta := range deltas {
		out = append(append(out, delta.ID[:]...), delta.Base[:]...)
		out = binary.LittleEndian.AppendUint32(out, delta.Size)
	}
	return out
}

// ReadDeltas reads a table of deltas. Its errors wrap [ErrDeltas].
func ReadDeltas(file []byte) ([]Delta, error) {
	if len(file) < 8 || binary.LittleEndian.Uint64(file) != typeDeltas || (len(file)-8)%deltaSize != 0 {
		return nil, fmt.Errorf("%w: it begins or ends wrong", ErrDeltas)
	}
	deltas := make([]Delta, 0, (len(file)-8)/deltaSize)
	for item := range slices.Chunk(file[8:], deltaSize) {
		delta := Delta{ID(item), ID(item[len(ID{}):]), binary.LittleEndian.Uint32(item[deltaSize-4:])}
		if n := len(deltas); n > 0 && deltas[n-1].Compare(delta) >= 0 {
			return nil, fmt.Errorf("%w: item %d is not after the one before", ErrDeltas, n)
		}
		if delta.Size == 0 || int64(delta.Size) > MaxCompressed(MaxChunk) {
			return nil, fmt.Errorf("%w: item %d has %d bytes", ErrDeltas, len(deltas), delta.Size)
		}
		deltas = append(deltas, delta)
	}
	return deltas, nil
}

// Compare orders deltas by chunk, then by base.
func (d Delta) Compare(other Delta) int {
	if order := bytes.Compare(d.ID[:], other.ID[:]); order != 0 {
		return order
	}
	return bytes.Compare(d.Base[:], other.Base[:])
}

// DecodeDelta is [Decoder.Decode] for the difference to a chunk with content base.
func (d *Decoder) DecodeDelta(buffer, file, base []byte, chunk Chunk) ([]byte, error) {
	if err := d.zstd.ResetWithOptions(nil, zstd.WithDecoderDictRaw(0, base)); err != nil {
		return nil, fmt.Errorf("cannot decode delta of chunk %s: %w", chunk.ID, err)
	}
	data, err := d.Decode(buffer, file, chunk)
	if resetErr := d.zstd.ResetWithOptions(nil, zstd.WithDecoderDictDelete()); resetErr != nil && err == nil {
		err = fmt.Errorf("cannot decode delta of chunk %s: %w", chunk.ID, resetErr)
	}
	return data, err
}

// A DeltaEncoder makes differences. It serves one goroutine.
type DeltaEncoder struct {
	zstd *zstd.Encoder
}

// NewDeltaEncoder returns an encoder; what it makes depends on the two contents alone.
func NewDeltaEncoder() (*DeltaEncoder, error) {
	writer, err := zstd.NewWriter(
		nil, zstd.WithEncoderLevel(zstd.SpeedBetterCompression), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(MaxChunk), zstd.WithEncoderCRC(false),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot make zstd encoder: %w", err)
	}
	return &DeltaEncoder{writer}, nil
}

// Encode returns the difference of data to base. base must not change meanwhile.
func (e *DeltaEncoder) Encode(data, base []byte) ([]byte, error) {
	if err := e.zstd.ResetWithOptions(nil, zstd.WithEncoderDictRaw(0, base)); err != nil {
		return nil, fmt.Errorf("cannot make delta: %w", err)
	}
	return e.zstd.EncodeAll(data, nil), nil
}
