package job

import (
	"encoding/binary"
	"fmt"
	"io"
	"iter"
)

// WritePatch writes sectors as a patch: the number of each as 8 bytes, little
// endian, then its 512 bytes.
func WritePatch(w io.Writer, sectors iter.Seq2[uint64, []byte]) error {
	for n, data := range sectors {
		if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, n), data...)); err != nil {
			return fmt.Errorf("cannot write a patch: %w", err)
		}
	}
	return nil
}

// Patch gives the sectors of a patch, with their offset in bytes.
func Patch(patch []byte) iter.Seq2[int64, []byte] {
	const record = 8 + sectorSize
	return func(yield func(int64, []byte) bool) {
		for ; len(patch) >= record; patch = patch[record:] {
			at := int64(binary.LittleEndian.Uint64(patch)) * sectorSize
			if !yield(at, patch[8:record]) {
				return
			}
		}
	}
}
