package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
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

// begin carries a plan. Where there is a network to lose it is on trial from then on.
func (t *Trial) begin(ctx context.Context, plan seeds.Plan, limit time.Duration, running bool) error {
	if !running { // it reads the files when it starts
		if _, err := t.Store.Carry(plan); err != nil {
			return err
		}
		t.told(plan)
		return t.Store.Keep(plan)
	}
	status, err := t.Manager.Status(ctx)
	if err != nil {
		return err
	}
	r := &run{plan: plan, before: status.Reach(), began: time.Now(), limit: limit}
	if r.before > nm.NoNetwork {
		if r.checkpoint, err = t.Manager.Checkpoint(ctx, limit+margin); err != nil {
			return err
		}
	}
	if err := t.Store.Begin(plan, seeds.Note{Before: int(r.before), Checkpoint: string(r.checkpoint)}); err != nil {
		if r.checkpoint != "" {
			err = errors.Join(err, t.Manager.Destroy(ctx, r.checkpoint))
		}
		return err
	}
	t.start(r)
	if r.instead, err = t.carry(ctx, plan, status); err != nil {
		return t.back(ctx, err.Error())
	}
	_, err = t.judge(ctx, true)
	return err
}

// start makes r the change on trial, and sees to it that it is looked at.
func (t *Trial) start(r *run) {
	t.running = r
	r.timer = time.AfterFunc(look, t.Trigger)
}

// carry puts the files in place and has NetworkManager take and start them. It
// returns what activate does.
func (t *Trial) carry(ctx context.Context, plan seeds.Plan, status nm.Status) (instead []string, err error) {
	paths, err := t.Store.Carry(plan)
	if err != nil {
		return nil, err
	}
	failed, err := t.Manager.Load(ctx, paths)
	if err != nil {
		return nil, err
	}
	if len(failed) > 0 {
		return nil, fmt.Errorf("%w, without a reason: %v", nm.ErrRefused, failed)
	}
	instead = activate(ctx, t.Manager, plan, status, t.Log)
	t.Check()
	return instead, nil
}

func (t *Trial) told(plan seeds.Plan) {
	for _, change := range plan.Changes {
		t.Log.Info("a connection file is in place", "file", change.File, "uuid", change.Connection.UUID, "removed", change.Content == nil)
	}
}

// resume takes up what was on trial when this program ended. NetworkManager goes
// back by itself then, unless it ended too: the files are on trial once more.
func (t *Trial) resume(limit time.Duration) error {
	plan, note, found, err := t.Store.Interrupted()
	if err != nil || !found {
		return err
	}
	t.Log.Warn("a change of connection files was interrupted; it is on trial once more")
	t.start(&run{
		plan: plan, before: nm.Reach(note.Before), checkpoint: dbus.ObjectPath(note.Checkpoint), began: time.Now(), limit: limit,
	})
	return nil
}

// judge ends the trial if it can be ended, and reports whether it did.
func (t *Trial) judge(ctx context.Context, running bool) (done bool, err error) {
	r := t.running
	r.timer.Reset(look)
	over := time.Since(r.began) > r.limit
	if !running {
		if over {
			return true, t.back(ctx, "NetworkManager does not run with it")
		}
		return false, nil
	}
	if went, err := t.rewound(ctx, r); err != nil && !over {
		return false, err
	} else if went {
		return true, t.back(ctx, "NetworkManager went back to what was before")
	}
	status, err := t.Manager.Status(ctx)
	if err != nil && !over {
		return false, err
	}
	switch {
	case err == nil && good(r, status):
		return true, t.keep(ctx)
	case over:
		return true, t.back(ctx, fmt.Sprintf("the device had less network with it for %s; what was before is in force again", r.limit))
	}
	return false, nil
}

// rewound reports whether NetworkManager went back by itself: the checkpoint is gone and
// the files are others. While it is there, a file that is another one was changed on the
// device by somebody, which is no reason to take anything back.
func (t *Trial) rewound(ctx context.Context, r *run) (bool, error) {
	if r.checkpoint == "" || t.Store.InPlace(r.plan) {
		return false, nil
	}
	holds, err := t.Manager.Holds(ctx, r.checkpoint)
	return err == nil && !holds, err
}

// good reports whether the network is as it was before, and at rest.
func good(r *run, status nm.Status) bool {
	if status.Reach() < r.before {
		return false
	}
	var up []string
	for _, active := range status.Active {
		ours := slices.ContainsFunc(r.plan.Changes, func(c seeds.Change) bool { return c.Content != nil && c.Connection.UUID == active.UUID })
		if ours && active.Activating {
			return false
		}
		if active.Activated {
			up = append(up, active.UUID)
		}
	}
	for _, uuid := range r.instead {
		if !slices.Contains(up, uuid) {
			return false
		}
	}
	return len(r.instead) == 0 || time.Since(r.began) >= settle
}

func (t *Trial) keep(ctx context.Context) error {
	r := t.running
	if r.checkpoint != "" {
		// One that is gone, with a NetworkManager that was restarted, takes nothing back.
		if err := t.Manager.Destroy(ctx, r.checkpoint); err != nil && !errors.Is(err, nm.ErrNoCheckpoint) {
			return err
		}
	}
	t.end()
	t.told(r.plan)
	return t.Store.Keep(r.plan)
}

// back takes the change back: first the network, then the files.
func (t *Trial) back(ctx context.Context, why string) error {
	r := t.running
	var errs error
	went := false
	if r.checkpoint != "" {
		errs = t.Manager.Rollback(ctx, r.checkpoint)
		if went = errs == nil; errors.Is(errs, nm.ErrNoCheckpoint) {
			errs = nil
		}
	}
	paths, rejected, err := t.Store.Undo(why)
	if err != nil {
		return errors.Join(errs, err)
	}
	t.end()
	for _, seed := range rejected {
		t.reject(seed)
	}
	if _, err := t.Manager.Load(ctx, paths); err != nil {
		return errors.Join(errs, err)
	}
	if !went {
		t.restart(ctx, r.plan)
	}
	return errs
}

// restart starts what was put back, where NetworkManager did not go back itself.
func (t *Trial) restart(ctx context.Context, plan seeds.Plan) {
	for _, change := range plan.Changes {
		if change.Content == nil {
			continue
		}
		if err := t.Manager.Activate(ctx, change.Connection.UUID, "/"); err != nil {
			t.Log.Info("a connection does not start now", "id", change.Connection.ID, "error", err)
		}
	}
}

func (t *Trial) end() {
	t.running.timer.Stop()
	t.running = nil
}
