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

// Apply puts the sectors of a patch into image, the beginning of a disk.
func Apply(patch, image []byte) error {
	const record = 8 + sectorSize
	if len(patch)%record != 0 {
		return fmt.Errorf("cannot apply a patch of %d bytes", len(patch))
	}
	for ; len(patch) > 0; patch = patch[record:] {
		at := binary.LittleEndian.Uint64(patch) * sectorSize
		if at+sectorSize > uint64(len(image)) {
			return fmt.Errorf("cannot apply a patch at byte %d", at)
		}
		copy(image[at:], patch[8:record])
	}
	return nil
}
