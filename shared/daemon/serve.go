package daemon

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"resinos.io/shared/bus"
)

const (
	firstApplyTime = 5 * time.Second        // READY=1 waits no longer for the first apply
	methodWait     = 900 * time.Millisecond // a method waits no longer for its effect
)

// Errors that end a daemon with status 1, so that systemd starts it anew.
var (
	ErrBusLost  = errors.New("the connection to the bus is lost")
	ErrNameLost = errors.New("the bus name was taken away")
)

// Serve serves face as the daemon's own interface, applies the configuration now
// and whenever something changes, and returns when ctx ends, nil, or when the
// bus is lost.
func (d *Daemon) Serve(ctx context.Context, face bus.Interface, apply Apply) error {
	if err := d.export(face, apply); err != nil {
		return err
	}
	lost := d.watchConnection()
	if err := bus.Own(ctx, d.Conn, d.BusName); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var parts sync.WaitGroup
	watching := make(chan error, 1)
	d.state.take(d.Config.Load())
	parts.Go(func() { d.loop.Run(ctx) })
	d.wait(ctx, firstApplyTime)
	parts.Go(func() { watching <- d.Config.Watch(ctx, d.configChanged) })
	parts.Go(func() { d.feedWatchdog(ctx) })
	d.notify(daemon.SdNotifyReady)
	d.Log.Info("ready", "version", d.Version)

	var err error
	select {
	case <-ctx.Done():
	case err = <-lost:
	case err = <-watching:
		if ctx.Err() == nil {
			err = fmt.Errorf("cannot watch config.json: %w", err)
		} else {
			err = nil
		}
	}
	d.notify(daemon.SdNotifyStopping)
	stop()
	parts.Wait()
	return err
}

// export puts everything that the daemon serves on the connection.
func (d *Daemon) export(face bus.Interface, apply Apply) error {
	object, err := bus.NewObject(face, d.service1())
	if err != nil {
		return err
	}
	d.state.domain = apply
	d.state.own = object.Properties(face.Contract.Name)
	d.state.common = object.Properties(d.service1().Contract.Name)
	if err := d.tree.Add(d.Path, object); err != nil {
		return err
	}
	logControl, err := bus.NewObject(d.logControl1())
	if err != nil {
		return err
	}
	return d.tree.Add(logControlPath, logControl)
}

// Reconcile reads the configuration again, applies it, and returns when that is
// done, or after 900 ms while it goes on.
func (d *Daemon) Reconcile(ctx context.Context) error {
	d.state.take(d.Config.Load())
	d.wait(ctx, methodWait)
	return nil
}

// wait asks for an apply and waits for it, no longer than limit.
func (d *Daemon) wait(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	select {
	case <-d.loop.Done():
	case <-ctx.Done():
	}
}
