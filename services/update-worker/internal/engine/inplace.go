package engine

import (
	"slices"

	"resinos.io/shared/casync"
)

// inPlace is what the target has of the image where it belongs, by the index of what
// is in the slot.
type inPlace struct {
	chunks map[int64]casync.ID // by their beginning
	// written says of each block of the target whether anything in it is not in place.
	written []bool
}

// newInPlace compares the image with what was kept, nil if that is not known.
func newInPlace(image, kept *casync.Index) inPlace {
	p := inPlace{map[int64]casync.ID{}, make([]bool, image.Size()/block+1)}
	if kept != nil {
		for _, chunk := range kept.Chunks {
			p.chunks[chunk.Start] = chunk.ID
		}
	}
	for _, chunk := range image.Chunks {
		if blocks := p.blocks(chunk); !p.has(chunk) {
			for i := range blocks {
				blocks[i] = true
			}
		}
	}
	return p
}

// blocks returns those that chunk is in.
func (p inPlace) blocks(chunk casync.Chunk) []bool {
	return p.written[chunk.Start/block : (chunk.Start+int64(chunk.Size)-1)/block+1]
}

// has says whether chunk is in place.
func (p inPlace) has(chunk casync.Chunk) bool { return p.chunks[chunk.Start] == chunk.ID }

// left says whether nothing of the blocks that chunk is in is written.
func (p inPlace) left(chunk casync.Chunk) bool { return !slices.Contains(p.blocks(chunk), true) }
