package binder

import (
	"context"
	"sync"
	"time"

	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/purge"
	"resinos.io/services/state-binder/internal/usage"
)

// pause is between two reports of how far the deletion is.
const pause = 250 * time.Millisecond

// Run deletes what was purged and measures usage when that is asked for, until ctx
// ends. It returns at once; the returned function waits for the end.
func (b *Binder) Run(ctx context.Context) (wait func()) {
	var parts sync.WaitGroup
	parts.Go(func() { b.clean(ctx) })
	parts.Go(func() { b.measureWhenAsked(ctx) })
	return parts.Wait
}

// clean deletes what purges took away from the partitions. The trash of a
// partition that is not there is not found.
func (b *Binder) clean(ctx context.Context) {
	dirs := []place.Dir{place.Dir(b.Root.State()), place.Dir(b.Root.Data())}
	if !purge.Trash(dirs...) {
		return
	}
	b.Log.Info("deleting what was purged")
	told := time.Time{}
	err := purge.Sweep(ctx, func(p purge.Progress) {
		b.mu.Lock()
		b.sweep = p
		b.mu.Unlock()
		if time.Since(told) >= pause {
			told = time.Now()
			b.again()
		}
	}, dirs...)
	if ctx.Err() != nil {
		return
	}
	b.mu.Lock()
	b.fault, b.sweep.Left = err, err != nil
	b.mu.Unlock()
	b.Log.Info("deleted what was purged", "error", err)
	b.again()
	b.askForMeasure()
}

// again asks for an Apply that measures nothing.
func (b *Binder) again() {
	b.own.Store(true)
	b.Trigger()
}

func (b *Binder) askForMeasure() {
	select {
	case b.measures <- struct{}{}:
	default: // one is wanted already
	}
}

func (b *Binder) measureWhenAsked(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.measures:
		}
		parts := measure(ctx, b.look())
		if ctx.Err() != nil {
			return
		}
		b.mu.Lock()
		b.parts = parts
		b.mu.Unlock()
		b.again()
	}
}

// seen is what WakeUp found last. It is used by one goroutine.
type seen struct {
	stateUsed, dataUsed uint64 // in whole megabytes
	full                bool
	pending             purge.Scope
}

// WakeUp looks whether anything changed that nobody tells of, and asks for an
// Apply if so. It reads nothing but the partitions' own figures.
func (b *Binder) WakeUp(context.Context) {
	var now seen
	state, stateErr := usage.Of(b.Root.State())
	data, dataErr := usage.Of(b.Root.Data())
	if stateErr != nil || dataErr != nil {
		return // Apply tells
	}
	now.stateUsed, now.dataUsed = state.Used>>20, data.Used>>20
	now.full = state.NearlyFull() || data.NearlyFull()
	now.pending, _ = b.pending() // Apply tells what is wrong with it
	before := b.seen
	if b.seen = now; now == before {
		return
	}
	if now.full && !before.full {
		b.askForMeasure()
	}
	b.again()
}
