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

// Watch calls changed after each change of the file's content or of what is
// wrong with it, from this goroutine, until ctx is done; then it returns ctx's
// error. Changes since the last Load are reported first; if Load was never
// called, so is the state at the start. Good content is reported within 250 ms,
// a fault when it has lasted for a second. Nothing runs while nothing happens.
// A change through a memory mapping makes no event and is seen with the next one.
func (s *Store) Watch(ctx context.Context, changed func(Snapshot)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := newNotifier(s.file, s.log)
	done := make(chan struct{})
	go func() {
		defer close(done)
		cancel(n.run(ctx))
	}()
	w := watcher{
		events: n.events,
		read:   func() state { return readState(s.file) },
		report: func(st state) { changed(s.settle(st.data, st.fault)) },
		seen:   s.baseline(),
	}
	err := w.run(ctx)
	cancel(nil)
	<-done
	return err
}

// A state is what one look at the file found.
type state struct {
	data  []byte
	fault error
}

func readState(path string) state {
	data, err := readFile(path)
	if err == nil {
		err = Check(data)
	}
	return state{data, err}
}

// sum identifies a good content, or a fault by what is said about it.
func (s state) sum() [sha256.Size]byte {
	if s.fault != nil {
		return sha256.Sum256([]byte("fault " + s.fault.Error()))
	}
	return sha256.Sum256(s.data)
}

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
