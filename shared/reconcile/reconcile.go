// Package reconcile runs a function that makes the system what it should be, each
// time something may have changed.
//
// Any number of triggers that come while the function runs make one more run:
// changes are never queued, the function reads the newest state itself. A run
// that failed is tried again by itself, later and later; nothing wakes up
// otherwise. Runs never overlap.
package reconcile

import (
	"context"
	"sync"
	"time"
)

// Delays before a failed run is tried again: doubled each time.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// applyTime bounds one run.
const applyTime = 30 * time.Second

// A Loop runs one function. Make one with [New].
type Loop struct {
	apply func(context.Context) error
	kick  chan struct{} // holds at most one: a run is wanted

	mu      sync.Mutex
	waiting []chan struct{} // closed after the next run that starts
}

// New returns a loop around apply, which is given a context with a deadline.
func New(apply func(context.Context) error) *Loop {
	return &Loop{apply: apply, kick: make(chan struct{}, 1)}
}

// Trigger asks for a run and returns at once.
func (l *Loop) Trigger() {
	select {
	case l.kick <- struct{}{}:
	default: // one is wanted already
	}
}

// Done asks for a run and returns a channel that is closed when a run that began
// after this call has ended, with whatever result.
func (l *Loop) Done() <-chan struct{} {
	done := make(chan struct{})
	l.mu.Lock()
	l.waiting = append(l.waiting, done)
	l.mu.Unlock()
	l.Trigger()
	return done
}

// Run runs the function on every trigger, and again after a failure, until ctx ends.
func (l *Loop) Run(ctx context.Context) {
	delay := firstRetry
	var retry <-chan time.Time // nil, and so never ready, after a success
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.kick:
			delay = firstRetry // something changed: begin anew
		case <-retry:
		}
		if l.once(ctx) == nil {
			retry = nil
			continue
		}
		retry = time.After(delay)
		delay = min(2*delay, lastRetry)
	}
}

// once runs the function and tells those who waited for it.
func (l *Loop) once(ctx context.Context) error {
	l.mu.Lock()
	waiting := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, applyTime)
	defer cancel()
	err := l.apply(ctx)
	for _, done := range waiting {
		close(done)
	}
	return err
}
