// Package health asks whether a system that was just updated works: each [Check]
// looks at one thing, and [Await] repeats them until all pass or time is up.
//
// A check reads; it repairs nothing. The checks are made for a system on trial
// only: later faults are not the update's.
package health

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrUnhealthy is wrapped by what [Await] returns when time is up.
var ErrUnhealthy = errors.New("the system does not prove itself")

const (
	pause     = 3 * time.Second
	checkTime = 30 * time.Second // for one check
)

// A Check looks at one thing; Run returns what is wrong with it.
type Check struct {
	Name string
	Run  func(ctx context.Context) error
}

// Await returns nil as soon as every check passes in one round, and the first
// fault of the last round when limit has passed. An error of ctx is returned as it is.
func Await(ctx context.Context, limit time.Duration, checks []Check) error {
	deadline, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		fault := round(ctx, checks)
		if fault == nil {
			return nil
		}
		select {
		case <-deadline.Done(): // when ctx is, too
			if err := ctx.Err(); err != nil {
				return err
			}
			return fmt.Errorf("%w within %v: %w", ErrUnhealthy, limit, fault)
		case <-time.After(min(pause, limit)):
		}
	}
}

func round(ctx context.Context, checks []Check) error {
	for _, check := range checks {
		if err := once(ctx, check); err != nil {
			return fmt.Errorf("%s: %w", check.Name, err)
		}
	}
	return nil
}

func once(ctx context.Context, check Check) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	return check.Run(ctx)
}
