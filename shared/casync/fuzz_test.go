package casync

import (
	"bytes"
	"errors"
	"testing"
)

func FuzzReadIndex(f *testing.F) {
	for _, n := range []int{0, 1, 500_000} {
		index, _ := made(f, sample(7, n), DefaultSizes())
		file, _ := index.Bytes()
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		index, err := ReadIndex(bytes.NewReader(file), 1<<40)
		if err != nil {
			if !errors.Is(err, ErrIndex) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		var end int64
		for _, chunk := range index.Chunks {
			if chunk.Start != end || chunk.Size == 0 || chunk.Size > index.Sizes.Max {
				t.Fatalf("chunk %+v after %d", chunk, end)
			}
			end = chunk.End()
		}
		if again, err := index.Bytes(); err != nil || !bytes.Equal(again[64:], file[64:]) {
			t.Fatalf("%v: what was accepted is not what is written", err)
		}
	})
}

func FuzzDecode(f *testing.F) {
	encoder, err := NewEncoder()
	if err != nil {
		f.Fatal(err)
	}
	decoder, err := NewDecoder()
	if err != nil {
		f.Fatal(err)
	}
	data := sample(8, 30_000)
	chunk := Chunk{ID: Sum(data), Size: uint32(len(data))}
	f.Add(encoder.Encode(data))
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, 0, 0, 0})
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := decoder.Decode(nil, file, chunk)
		if err == nil && !bytes.Equal(got, data) || err != nil && !errors.Is(err, ErrChunk) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}
