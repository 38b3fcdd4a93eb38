package engine

import (
	"bytes"
	"fmt"
	"os"

	"resinos.io/shared/casync"
)

// seeds are the places on this device where chunks may be.
type seeds struct {
	seed   *os.File
	inSeed map[casync.ID]int64 // where in the running slot
	deltas map[casync.ID]based // chunks that are not on the device, by their own ID

	target *os.File
	// inPlace holds the chunks that the target may have where they belong: all of
	// them, if an installation of this very image was interrupted.
	inPlace map[int64]casync.ID
	resumed bool
}

// based is a delta whose base the running slot has.
type based struct {
	casync.Delta
	base casync.Chunk
}

// openSeeds opens what the input names. A seed without a usable index is no seed.
func openSeeds(in Input, index *casync.Index, target *os.File) (*seeds, error) {
	s := &seeds{target: target, inSeed: map[casync.ID]int64{}, deltas: map[casync.ID]based{}, inPlace: map[int64]casync.ID{}}
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
	if kept := readKept(in.keptIndex(in.TargetSlot)); kept != nil {
		for _, chunk := range kept.Chunks {
			s.inPlace[chunk.Start] = chunk.ID
		}
	}
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
		if seeded || counted[chunk.ID] || s.resumed || s.inPlace[chunk.Start] == chunk.ID {
			continue
		}
		counted[chunk.ID] = true
		bytes += int64(chunk.Size)
	}
	return bytes
}

// fromTarget reads chunk from where it belongs, if it may be there and is.
func (s *seeds) fromTarget(chunk casync.Chunk, buffer []byte) bool {
	if !s.resumed && s.inPlace[chunk.Start] != chunk.ID {
		return false
	}
	return readChunk(s.target, chunk.Start, chunk, buffer)
}

// fromSeed reads chunk from the running slot, if it is there.
func (s *seeds) fromSeed(chunk casync.Chunk, buffer []byte) bool {
	at, there := s.inSeed[chunk.ID]
	return there && readChunk(s.seed, at, chunk, buffer)
}

func readChunk(from *os.File, at int64, chunk casync.Chunk, buffer []byte) bool {
	if _, err := from.ReadAt(buffer, at); err != nil {
		return false
	}
	return casync.Verify(buffer, chunk) == nil
}
