package config

import (
	"context"
	"crypto/sha256"
	"time"
)

const (
	// quiet is how long nothing must happen before the file is looked at.
	quiet = 50 * time.Millisecond
	// quietMost is how long a busy writer can put that off.
	quietMost = 250 * time.Millisecond
	// faultStable is how long a fault must last before it is reported: a file
	// that is being copied does not parse for a moment.
	faultStable = time.Second
	// faultMost is how long a busy writer can put that off.
	faultMost = 5 * time.Second
)

// A watcher decides when to look at the file and what to report.
type watcher struct {
	events <-chan struct{}
	read   func() state
	report func(state)
	seen   [sha256.Size]byte // what was reported last

	lastEvent  time.Time
	faultSince time.Time // zero while there is no unreported fault
}

// run looks at the file once and then after events, until ctx is done.
func (w *watcher) run(ctx context.Context) error {
	w.lastEvent = time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var latest time.Time // when to look although events keep coming; zero if none came
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.events:
			w.lastEvent = time.Now()
			if latest.IsZero() {
				latest = w.lastEvent.Add(quietMost)
			}
			timer.Reset(min(quiet, latest.Sub(w.lastEvent)))
		case <-timer.C:
			latest = time.Time{}
			if again := w.look(time.Now()); again > 0 {
				timer.Reset(again)
			}
		}
	}
}

// look reads the file and reports it if there is something new. It returns how
// long to wait before looking at a fault again, 0 if there is none to wait for.
func (w *watcher) look(now time.Time) time.Duration {
	found := w.read()
	sum := found.sum()
	if sum == w.seen {
		w.faultSince = time.Time{}
		return 0
	}
	if found.fault != nil {
		if w.faultSince.IsZero() {
			w.faultSince = now
		}
		stable := faultStable - now.Sub(w.lastEvent)
		latest := faultMost - now.Sub(w.faultSince)
		if wait := min(stable, latest); wait > 0 {
			return wait
		}
	}
	w.seen, w.faultSince = sum, time.Time{}
	w.report(found)
	return 0
}
