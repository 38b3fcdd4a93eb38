package filewatch

import (
	"context"
	"log/slog"
	"time"
)

// A Pace says when a burst of events is told.
type Pace struct {
	Quiet time.Duration // nothing must have happened for so long: files arrive in pieces
	Most  time.Duration // so long can a busy writer put that off; 0 is for ever
}

// Follow runs watches until ctx is done, and calls changed after what they see, from
// a goroutine of its own. It returns at once. What is there at the start is told too.
func Follow(ctx context.Context, log *slog.Logger, pace Pace, changed func(), watches ...*Watch) {
	events := make(chan struct{}, 1)
	for _, watch := range watches {
		go func() {
			if err := watch.Run(ctx); err != nil && ctx.Err() == nil {
				log.Error("changes of files are not seen", "error", err)
			}
		}()
		go func() {
			for {
				select {
				case <-ctx.Done():
					return
				case <-watch.Events():
					send(events)
				}
			}
		}()
	}
	go pace.run(ctx, events, changed)
}

func (p Pace) run(ctx context.Context, events <-chan struct{}, changed func()) {
	timer := time.NewTimer(0)
	timer.Stop()
	defer timer.Stop()
	var began time.Time // of the burst; zero between two
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			if began.IsZero() {
				began = time.Now()
			}
			wait := p.Quiet
			if p.Most > 0 {
				wait = min(wait, time.Until(began.Add(p.Most)))
			}
			timer.Reset(wait)
		case <-timer.C:
			began = time.Time{}
			changed()
		}
	}
}
