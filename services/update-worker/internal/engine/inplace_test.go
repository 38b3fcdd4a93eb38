package engine

import (
	"testing"

	"resinos.io/shared/casync"
)

// TestInPlace has chunks of which one, in the middle, is another one than the slot's.
func TestInPlace(t *testing.T) {
	chunk := func(id byte, start int64, size uint32) casync.Chunk {
		return casync.Chunk{ID: casync.ID{id}, Start: start, Size: size}
	}
	image := &casync.Index{Chunks: []casync.Chunk{
		chunk(1, 0, block/2), chunk(2, block/2, block/2), // the first block
		chunk(3, block, block/4), chunk(4, block+block/4, block), chunk(5, 2*block+block/4, block), // up to the fourth
		chunk(6, 3*block+block/4, block), // in the fourth and the fifth
	}}
	kept := &casync.Index{Chunks: append([]casync.Chunk(nil), image.Chunks...)}
	kept.Chunks[3].ID = casync.ID{9}
	p := newInPlace(image, kept)
	wantHas, wantLeft := []bool{true, true, true, false, true, true}, []bool{true, true, false, false, false, true}
	for i, chunk := range image.Chunks {
		if p.has(chunk) != wantHas[i] || p.left(chunk) != wantLeft[i] {
			t.Errorf("chunk %d: in place %v, left alone %v", i, p.has(chunk), p.left(chunk))
		}
	}
	if p := newInPlace(image, nil); p.has(image.Chunks[0]) || p.left(image.Chunks[0]) {
		t.Error("a slot that is not known has chunks")
	}
}

// TestWhatIsLeftAloneIsNotRead gives a buffer for a chunk whose blocks stay as they are.
func TestWhatIsLeftAloneIsNotRead(t *testing.T) {
	index := &casync.Index{Chunks: []casync.Chunk{{ID: casync.ID{1}, Size: block}}}
	s := &seeds{trusted: true, inPlace: newInPlace(index, index)} // there is no file that could be read
	if !s.fromTarget(index.Chunks[0], make([]byte, block)) || !s.relied.Load() {
		t.Error("what is in place is not believed")
	}
}
