package engine

import (
	"context"

	"resinos.io/shared/casync"
	"resinos.io/shared/trust"
)

// unusableDeltas is after how many deltas that were of no use no more are asked for:
// the repository, or a copy of it, does not have them, or the seed is another.
const unusableDeltas = 3

// fetchDelta fetches a chunk as its difference to one of the running slot, and
// returns also how many bytes were downloaded. nil says that the chunk itself has to
// be fetched: what goes wrong here costs no more than that.
func (r *run) fetchDelta(ctx context.Context, chunk casync.Chunk, buffer []byte) ([]byte, int) {
	delta, found := r.seeds.deltas[chunk.ID]
	if !found || r.unusable.Load() >= unusableDeltas {
		return nil, 0
	}
	file, err := r.in.Source.Fetch(ctx, trust.ChunkStore+"/"+casync.DeltaPath(delta.ID, delta.Base), int64(delta.Size))
	if err != nil {
		r.unusable.Add(1)
		return nil, 0
	}
	data := r.decodeDelta(buffer, file, delta.base, chunk)
	if data == nil {
		r.unusable.Add(1)
	}
	return data, len(file)
}

func (r *run) decodeDelta(buffer, file []byte, base, chunk casync.Chunk) []byte {
	decoder := <-r.decoders
	defer func() { r.decoders <- decoder }()
	if cap(decoder.base) < int(base.Size) {
		decoder.base = make([]byte, max(base.Size, min(r.index.Sizes.Max, casync.MaxChunk)))
	}
	content := decoder.base[:base.Size]
	// A base that is not what its index says makes another chunk, and that is seen.
	if _, err := r.seeds.seed.ReadAt(content, base.Start); err != nil {
		return nil
	}
	data, err := decoder.DecodeDelta(buffer[:0], file, content, chunk)
	if err != nil {
		return nil
	}
	return data
}
