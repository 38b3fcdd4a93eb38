package casync

import (
	"encoding/binary"
	"fmt"
)

// Bytes returns the index as a file that [ReadIndex], casync and desync read.
// It fails if the chunks do not follow each other, with [ErrIndex].
func (x *Index) Bytes() ([]byte, error) {
	if err := x.Sizes.Check(); err != nil {
		return nil, fmt.Errorf("cannot write index: %w", err)
	}
	out := make([]byte, 0, headSize+x.tableSize())
	out = words(
		out, headSize, typeIndex, flagSHA512256|flagExcludeNoDump,
		uint64(x.Sizes.Min), uint64(x.Sizes.Avg), uint64(x.Sizes.Max),
		^uint64(0), typeTable,
	)
	var end int64
	for i, chunk := range x.Chunks {
		if chunk.Start != end || chunk.Size == 0 || chunk.Size > x.Sizes.Max {
			return nil, fmt.Errorf("cannot write index: %w: chunk %d starts at %d after %d and has %d bytes", ErrIndex, i, chunk.Start, end, chunk.Size)
		}
		end = chunk.End()
		out = append(words(out, uint64(end)), chunk.ID[:]...)
	}
	return words(out, 0, 0, headSize, x.tableSize(), tailMarker), nil
}

func words(out []byte, values ...uint64) []byte {
	for _, value := range values {
		out = binary.LittleEndian.AppendUint64(out, value)
	}
	return out
}
