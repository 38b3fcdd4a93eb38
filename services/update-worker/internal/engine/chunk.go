package engine

import (
	"context"
	"fmt"
	"sync"

	"resinos.io/shared/casync"
	"resinos.io/shared/trust"
)

// feed starts one goroutine for each chunk and queues their results in order.
func (r *run) feed(ctx context.Context, queue chan<- chan result, parts *sync.WaitGroup) {
	defer close(queue)
	for _, chunk := range r.index.Chunks {
		buffer, err := r.memory.take(ctx, int(chunk.Size))
		if err != nil {
			return
		}
		pending := make(chan result, 1)
		parts.Go(func() {
			got := r.chunk(ctx, chunk, buffer)
			got.buffer = buffer
			pending <- got
		})
		select {
		case queue <- pending:
		case <-ctx.Done():
			return
		}
	}
}

// chunk gets one chunk from the nearest place that has it.
func (r *run) chunk(ctx context.Context, chunk casync.Chunk, buffer []byte) result {
	switch {
	case r.seeds.fromTarget(chunk, buffer):
		return result{data: buffer, from: target}
	case r.seeds.fromSeed(chunk, buffer):
		return result{data: buffer, from: seed}
	case r.fromItself(chunk, buffer), isZeros(chunk, buffer):
		return result{data: buffer, from: itself}
	}
	data, delta := r.fetchDelta(ctx, chunk, buffer)
	if data != nil {
		return result{data: data, from: network, downloaded: delta}
	}
	data, length, err := r.fetch(ctx, chunk, buffer)
	return result{data: data, from: network, downloaded: delta + length, err: err}
}

// fromItself reads a chunk from an earlier place in the image, if that is written.
func (r *run) fromItself(chunk casync.Chunk, buffer []byte) bool {
	at, repeats := r.first[chunk.ID]
	return repeats && at+int64(chunk.Size) <= min(r.written.Load(), chunk.Start) && readChunk(r.target.File, at, chunk, buffer)
}

// isZeros says whether the chunk is nothing but zeros, which need not be fetched;
// only chunks of the largest size are, for others it is not worth a hash.
func isZeros(chunk casync.Chunk, buffer []byte) bool {
	if chunk.Size != 256<<10 {
		return false
	}
	clear(buffer)
	return casync.Verify(buffer, chunk) == nil
}

func (r *run) fetch(ctx context.Context, chunk casync.Chunk, buffer []byte) ([]byte, int, error) {
	downloaded := 0
	for try := 1; ; try++ {
		file, err := r.in.Source.Fetch(ctx, trust.ChunkStore+"/"+casync.Path(chunk.ID), casync.MaxCompressed(chunk.Size))
		if err != nil {
			return nil, downloaded, fmt.Errorf("cannot fetch a piece of the image: %w", err)
		}
		downloaded += len(file)
		data, err := r.decode(buffer, file, chunk)
		if err == nil {
			return data, downloaded, nil
		}
		if try == damagedTries {
			return nil, downloaded, fmt.Errorf("%w: %w", ErrContent, err)
		}
	}
}

func (r *run) decode(buffer, file []byte, chunk casync.Chunk) ([]byte, error) {
	decoder := <-r.decoders
	defer func() { r.decoders <- decoder }()
	return decoder.Decode(buffer[:0], file, chunk)
}

func (r *run) count(got result) {
	size := uint64(len(got.data))
	r.progress.Done += size
	r.progress.Downloaded += uint64(got.downloaded)
	switch got.from {
	case seed:
		r.progress.FromSeed += size
	case target:
		r.progress.FromTarget += size
	case network, itself:
	}
	r.report(r.progress)
}
