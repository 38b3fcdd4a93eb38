package engine

import (
	"bytes"
	"fmt"
	"os"
	"sync/atomic"

	"resinos.io/shared/casync"
)

// seeds are the places on this device where chunks may be.
type seeds struct {
	seed   *os.File
	inSeed map[casync.ID]int64 // where in the running slot
	deltas map[casync.ID]based // chunks that are not on the device, by their own ID

	target  *slot
	inPlace inPlace
	resumed bool // an installation of this very image was interrupted: any chunk may be in place
	// trusted says that the indexes are taken at their word, which spares a hash of every
	// chunk. The hash of the whole decides whether they were true.
	trusted bool
	relied  atomic.Bool // a chunk was taken so
}

// based is a delta whose base the running slot has.
type based struct {
	casync.Delta
	base casync.Chunk
}

// openSeeds opens what the input names. A seed without a usable index is no seed.
func openSeeds(in Input, index *casync.Index, target *slot) (*seeds, error) {
	s := &seeds{target: target, trusted: true, inSeed: map[casync.ID]int64{}, deltas: map[casync.ID]based{}}
	if kept := readKept(in.keptIndex(in.SeedSlot)); kept != nil && in.Seed != "" {
		file, err := os.Open(in.Seed)
		if err != nil {
			return nil, fmt.Errorf("cannot read the running slot: %w", err)
		}
		s.seed = file
		wanted := make(map[casync.ID]bool, len(index.Chunks))
		for _, chunk := range index.Chunks {
			wanted[chunk.ID] = true
		}
		for _, chunk := range kept.Chunks {
			if wanted[chunk.ID] {
				s.inSeed[chunk.ID] = chunk.Start
			}
		}
		s.addDeltas(kept, in.Deltas)
	}
	if partial, err := os.ReadFile(in.partial()); err == nil && bytes.Equal(partial, in.Index) {
		s.resumed = true
	}
	s.inPlace = newInPlace(index, readKept(in.keptIndex(in.TargetSlot)))
	return s, nil
}

// addDeltas takes the smallest of the deltas of each chunk whose base is in the seed.
func (s *seeds) addDeltas(seed *casync.Index, deltas []casync.Delta) {
	if len(deltas) == 0 {
		return
	}
	bases := make(map[casync.ID]casync.Chunk, len(seed.Chunks))
	for _, chunk := range seed.Chunks {
		bases[chunk.ID] = chunk
	}
	for _, delta := range deltas {
		base, there := bases[delta.Base]
		best, other := s.deltas[delta.ID]
		if there && (!other || delta.Size < best.Size) {
			s.deltas[delta.ID] = based{delta, base}
		}
	}
}

func readKept(path string) *casync.Index {
	file, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer file.Close()
	index, err := casync.ReadIndex(file, 1<<40)
	if err != nil {
		return nil
	}
	return index
}

func (s *seeds) close() {
	if s.seed != nil {
		s.seed.Close()
	}
}

// missing returns how many bytes no seed is known to have.
func (s *seeds) missing(index *casync.Index) int64 {
	var bytes int64
	counted := map[casync.ID]bool{}
	for _, chunk := range index.Chunks {
		_, seeded := s.inSeed[chunk.ID]
		if seeded || counted[chunk.ID] || s.resumed || s.inPlace.has(chunk) {
			continue
		}
		counted[chunk.ID] = true
		bytes += int64(chunk.Size)
	}
	return bytes
}

// distrust has every chunk verified from now on; what the target has of the image by
// then is found there. It reports whether that makes a difference.
func (s *seeds) distrust() bool {
	if !s.trusted || !s.relied.Load() {
		return false
	}
	s.trusted, s.resumed = false, true
	return true
}

// stage names the pass, whose progress begins at nothing.
func (s *seeds) stage() string {
	if s.trusted {
		return Writing
	}
	return Again
}

// fromTarget reads chunk from where it belongs, if it may be there and is. One whose
// blocks are not written is not read: only the reading back wants to see it.
func (s *seeds) fromTarget(chunk casync.Chunk, buffer []byte) bool {
	switch {
	case s.trusted && s.inPlace.left(chunk):
		s.relied.Store(true)
		return true
	case s.inPlace.has(chunk):
		return s.read(s.target.File, chunk.Start, chunk, buffer)
	case s.resumed: // no index tells what is there
		return readChunk(s.target.File, chunk.Start, chunk, buffer)
	}
	return false
}

// fromSeed reads chunk from the running slot, if it is there.
func (s *seeds) fromSeed(chunk casync.Chunk, buffer []byte) bool {
	at, there := s.inSeed[chunk.ID]
	return there && s.read(s.seed, at, chunk, buffer)
}

// read reads a chunk from where an index says that it is.
func (s *seeds) read(from *os.File, at int64, chunk casync.Chunk, buffer []byte) bool {
	if !s.trusted {
		return readChunk(from, at, chunk, buffer)
	}
	s.relied.Store(true)
	_, err := from.ReadAt(buffer, at)
	return err == nil
}

// readChunk reads a chunk and reports whether it is the one.
func readChunk(from *os.File, at int64, chunk casync.Chunk, buffer []byte) bool {
	if _, err := from.ReadAt(buffer, at); err != nil {
		return false
	}
	return casync.Verify(buffer, chunk) == nil
}
