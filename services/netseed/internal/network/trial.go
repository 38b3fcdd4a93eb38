package network

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/seeds"
)

const (
	// settle is how long a change must have held before it is believed.
	settle = 2 * time.Second
	// look is the time between two looks at a trial where nobody tells of a change.
	look = time.Second
	// margin is how much later than we NetworkManager goes back by itself.
	margin = 10 * time.Second
)

// A Connector loads and starts connections, and goes back.
type Connector interface {
	Starter
	Rewinder
	Status(ctx context.Context) (nm.Status, error)
	Load(ctx context.Context, files []string) (failed []string, err error)
}

// A Rewinder remembers the network as it is, and goes back to it: when it is told
// to, and by itself after limit.
type Rewinder interface {
	Checkpoint(ctx context.Context, limit time.Duration) (dbus.ObjectPath, error)
	Holds(ctx context.Context, checkpoint dbus.ObjectPath) (bool, error)
	Destroy(ctx context.Context, checkpoint dbus.ObjectPath) error
	Rollback(ctx context.Context, checkpoint dbus.ObjectPath) error
}

// A Trial brings connection files in, and back out when they cost the device its
// network. It is used by one goroutine.
type Trial struct {
	Store    *seeds.Store
	Manager  Connector
	Verify   func(ctx context.Context, content []byte) error
	Check    func()                    // has NetworkManager look for the internet
	Rejected func(file, reason string) // tells the bus
	Trigger  func()                    // asks for another Step
	Log      *slog.Logger

	started bool
	running *run // nil while no change is on trial
}

// A run is one change on trial.
type run struct {
	plan       seeds.Plan
	before     nm.Reach
	instead    []string // uuids that are to be up: they took the place of what was
	began      time.Time
	limit      time.Duration
	checkpoint dbus.ObjectPath // "" if NetworkManager has none of ours
	timer      *time.Timer
}

// Step does what is to be done now: judge the change that is on trial, or look for
// a new one. A change that costs the device its network is taken back after limit.
func (t *Trial) Step(ctx context.Context, limit time.Duration, running bool) error {
	if !t.started {
		if err := t.resume(limit); err != nil {
			return err
		}
		t.started = true
	}
	if t.running != nil {
		if done, err := t.judge(ctx, running); err != nil || !done {
			return err
		}
	}
	plan, err := t.Store.Scan()
	if err != nil {
		return err
	}
	for _, seed := range plan.Rejected {
		t.reject(seed)
	}
	if plan, err = t.verified(ctx, plan); err != nil || len(plan.Changes) == 0 {
		return err
	}
	return t.begin(ctx, plan, limit, running)
}

func (t *Trial) reject(seed seeds.Seed) {
	t.Log.Warn("a connection file is rejected", "file", seed.File, "reason", seed.Reason)
	t.Rejected(seed.File, seed.Reason)
}

// verified returns the plan without what NetworkManager would refuse.
func (t *Trial) verified(ctx context.Context, plan seeds.Plan) (seeds.Plan, error) {
	var kept []seeds.Change
	for _, change := range plan.Changes {
		var err error
		if change.Content != nil {
			err = t.Verify(ctx, change.Content)
		}
		switch {
		case errors.Is(err, nm.ErrRefused):
			seed, err := t.Store.Reject(change, err.Error())
			if err != nil {
				return plan, err
			}
			delete(plan.Connections, change.Connection.UUID)
			t.reject(seed)
		case err != nil:
			return plan, err
		default:
			kept = append(kept, change)
		}
	}
	plan.Changes = kept
	return plan, nil
}
