package network

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/seeds"
)

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
