package network

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/seeds"
)

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
