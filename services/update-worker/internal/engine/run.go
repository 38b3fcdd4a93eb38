package engine

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"resinos.io/shared/casync"
)

const (
	decoders = 4

	// damagedTries is how often a chunk is fetched that comes damaged: something on
	// the way may have changed it, once.
	damagedTries = 3
)

// run is one installation.
type run struct {
	in     Input
	index  *casync.Index
	target *slot
	seeds  *seeds
	report func(Progress)

	progress Progress
	first    map[casync.ID]int64 // where a chunk that the image has more than once comes first
	written  atomic.Int64        // up to here the target has the image
	memory   *memory
	decoders chan *decoder // as many as may decode at once
	unusable atomic.Int32  // deltas that were of no use
}

// decoder is one, with room for what a delta is based on.
type decoder struct {
	*casync.Decoder
	base []byte
}

// where a chunk came from.
type origin int

const (
	network origin = iota
	seed
	target
	itself // earlier in the image, or zeros
)

// result is one chunk on its way.
type result struct {
	data       []byte
	buffer     []byte // of the memory; data is in it
	from       origin
	downloaded int
	err        error
}

// write puts every chunk into the target, and does it again without a belief in
// indexes if what is there then is not the image.
func (r *run) write(ctx context.Context) error {
	err := r.pass(ctx)
	if errors.Is(err, errOther) && r.seeds.distrust() {
		err = r.pass(ctx)
	}
	return err
}

// pass puts every chunk into the target, in order; several are on their way at
// once, and what is written is read back meanwhile.
func (r *run) pass(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.prepare(); err != nil {
		return err
	}
	defer r.closeDecoders()
	r.progress = Progress{Total: uint64(r.index.Size()), Downloaded: r.progress.Downloaded, Stage: r.seeds.stage()}
	r.written.Store(0)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	queue := make(chan chan result, maxFlight)
	parts.Go(func() { r.feed(ctx, queue, &parts) })
	back := newReadBack(r.target)
	places, read := make(chan int64, 1), make(chan error, 1)
	parts.Go(func() {
		err := back.follow(ctx, places)
		if err != nil {
			cancel() // there is no use in writing on
		}
		read <- err
	})
	err := r.place(ctx, queue, places)
	close(places)
	if readErr := <-read; readErr != nil && !errors.Is(readErr, context.Canceled) {
		err = readErr // what the writer says is its consequence, if it says anything
	}
	if err != nil {
		return err
	}
	return r.verify(ctx, back)
}

// place writes the chunks of queue, and tells places how far it has come.
func (r *run) place(ctx context.Context, queue <-chan chan result, places chan<- int64) error {
	out := newWriter(r.target)
	for pending := range queue {
		got := <-pending
		if got.err != nil {
			return got.err
		}
		err := out.add(got.data, got.from == target)
		r.written.Store(out.written)
		r.count(got)
		r.memory.give(got.buffer)
		if err != nil {
			return err
		}
		select {
		case places <- out.written:
		default: // it will be told a later place
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.progress.Stage = Flushing
	r.report(r.progress)
	return out.end()
}

func (r *run) prepare() error {
	seen := make(map[casync.ID]int64, len(r.index.Chunks))
	r.first = map[casync.ID]int64{}
	for _, chunk := range r.index.Chunks {
		if at, again := seen[chunk.ID]; again {
			r.first[chunk.ID] = at
			continue
		}
		seen[chunk.ID] = chunk.Start
	}
	r.memory = newMemory(inFlight)
	r.decoders = make(chan *decoder, decoders)
	for range decoders {
		each, err := casync.NewDecoder()
		if err != nil {
			return err
		}
		r.decoders <- &decoder{Decoder: each}
	}
	return nil
}

func (r *run) closeDecoders() {
	for range decoders {
		(<-r.decoders).Close()
	}
}

// verify reads back what is left and judges the whole.
func (r *run) verify(ctx context.Context, back *readBack) error {
	r.progress.Stage = Verifying
	r.report(r.progress)
	if err := back.upTo(ctx, r.index.Size()); err != nil {
		return err
	}
	return back.is(r.in.Manifest.Image.SHA256)
}
