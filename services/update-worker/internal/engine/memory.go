package engine

import (
	"context"
	"math/bits"
	"sync"

	"golang.org/x/sync/semaphore"
)

const (
	inFlight  = 6 << 20 // bytes of chunks at a time, as they are and compressed
	maxFlight = 32      // chunks at a time, which is also how many are fetched at once
)

// memory hands out buffers for chunks, as many as its bytes allow: many small ones
// or a few large ones. Every buffer is counted twice, for the compressed chunk that
// comes before it.
type memory struct {
	bytes int64
	left  *semaphore.Weighted
	free  [33]sync.Pool // by the number of bits that a size less one has
}

func newMemory(bytes int64) *memory {
	return &memory{bytes: bytes, left: semaphore.NewWeighted(bytes)}
}

// take waits until there is room for size bytes.
func (m *memory) take(ctx context.Context, size int) ([]byte, error) {
	class := bits.Len32(uint32(max(size, 1) - 1))
	if err := m.left.Acquire(ctx, m.weight(1<<class)); err != nil {
		return nil, err
	}
	if buffer, ok := m.free[class].Get().(*[]byte); ok {
		return (*buffer)[:size], nil
	}
	return make([]byte, size, 1<<class), nil
}

// give takes back what take returned.
func (m *memory) give(buffer []byte) {
	m.free[bits.Len32(uint32(cap(buffer)-1))].Put(&buffer)
	m.left.Release(m.weight(cap(buffer)))
}

func (m *memory) weight(capacity int) int64 {
	return min(m.bytes, max(2*int64(capacity), m.bytes/maxFlight))
}
