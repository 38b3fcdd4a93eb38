package casync

import (
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is what frames of casync and desync may ask for: 2 MiB at their
// usual level, 8 MiB at the highest. It costs nothing: a chunk is decoded in one
// piece, into a buffer of its own size.
const maxWindow = 8 << 20

// MaxCompressed returns how large the file of a chunk of size bytes can be at
// most, so that a reader can stop. It is the bound of zstd plus its headers.
func MaxCompressed(size uint32) int64 { return int64(size) + int64(size)/128 + 1024 }

// A Decoder turns files of a store into chunks. It serves one goroutine.
type Decoder struct {
	zstd *zstd.Decoder
}

// NewDecoder returns a decoder, to be closed when it is not needed any more.
func NewDecoder() (*Decoder, error) {
	reader, err := zstd.NewReader(
		nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecodeAllCapLimit(true),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot make zstd decoder: %w", err)
	}
	return &Decoder{reader}, nil
}

// Close gives the memory back.
func (d *Decoder) Close() { d.zstd.Close() }

// Decode returns the content of chunk, whose file is file, in buffer if that is
// large enough. Content of another size or hash is [ErrChunk]; no more than
// the size of the chunk is ever written.
func (d *Decoder) Decode(buffer, file []byte, chunk Chunk) ([]byte, error) {
	if chunk.Size > MaxChunk {
		return nil, fmt.Errorf("cannot decode chunk %s: %w: %d bytes", chunk.ID, ErrChunk, chunk.Size)
	}
	if cap(buffer) < int(chunk.Size) {
		buffer = make([]byte, chunk.Size)
	}
	data, err := d.zstd.DecodeAll(file, buffer[:0:chunk.Size])
	if err != nil {
		return nil, fmt.Errorf("cannot decode chunk %s: %w: %w", chunk.ID, ErrChunk, err)
	}
	if err := Verify(data, chunk); err != nil {
		return nil, fmt.Errorf("cannot decode chunk: %w", err)
	}
	return data, nil
}

// Verify says whether data is the content of chunk: [ErrChunk] if not.
func Verify(data []byte, chunk Chunk) error {
	if len(data) != int(chunk.Size) || Sum(data) != chunk.ID {
		return fmt.Errorf("%w: the content is not that of %s", ErrChunk, chunk.ID)
	}
	return nil
}

// An Encoder turns chunks into files of a store. Several goroutines may use it.
type Encoder struct {
	zstd *zstd.Encoder
}

// NewEncoder returns an encoder. Files depend on the chunk alone, so that two
// releases made by the same program share them byte for byte.
func NewEncoder() (*Encoder, error) {
	writer, err := zstd.NewWriter(
		nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression),
		zstd.WithWindowSize(MaxChunk), zstd.WithEncoderCRC(false),
	)
	if err != nil {
		return nil, fmt.Errorf("cannot make zstd encoder: %w", err)
	}
	return &Encoder{writer}, nil
}

// Encode returns the file of a chunk with content data.
func (e *Encoder) Encode(data []byte) []byte {
	return e.zstd.EncodeAll(data, make([]byte, 0, len(data)/2))
}
