package project

import (
	"context"
	"errors"
	"time"
)

// applyAgain is the pause after an attempt that failed.
const applyAgain = time.Minute

// errReplaced is the answer to who asked before the last one.
var errReplaced = errors.New("something else was asked for meanwhile")

// A request wants what is written down to be applied.
type request struct {
	force bool
	done  chan error // has room for the answer
}

// Run makes the applications run, at the start, whenever it is asked, and again after
// a failure, until ctx ends. What is asked for ends the work on what was asked before.
func (p *Project) Run(ctx context.Context, failed func(error)) {
	now := request{done: make(chan error, 1)}
	for {
		next, err := p.attempt(ctx, now)
		now.done <- err
		if ctx.Err() != nil {
			return
		}
		if next != nil {
			now = *next
			continue
		}
		p.mu.Lock()
		p.last = err
		p.mu.Unlock()
		var again <-chan time.Time
		if err != nil {
			failed(err)
			again = time.After(applyAgain)
		}
		select {
		case <-ctx.Done():
			return
		case now = <-p.asked:
		case <-again:
			now = request{done: make(chan error, 1)}
		}
	}
}

// attempt applies what is written down. If something else is asked for before that
// is done, it ends and returns that.
func (p *Project) attempt(ctx context.Context, now request) (next *request, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.apply(ctx, now.force) }()
	select {
	case err := <-done:
		return nil, err
	case r := <-p.asked:
		cancel()
		return &r, errors.Join(errReplaced, <-done)
	}
}

// ask returns when what is written down was applied, or ctx ends.
func (p *Project) ask(ctx context.Context, force bool) error {
	r := request{force, make(chan error, 1)}
	select {
	case p.asked <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
