package sizes

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	systemd     = "org.freedesktop.systemd1"
	journald    = "systemd-journald.service"
	restartTime = 20 * time.Second
	look        = 20 * time.Millisecond // between two looks whether it is done
)

// JournaldOn returns what restarts journald through the systemd on the bus of conn
// (org.freedesktop.systemd1(5)) and then waits until it answers to ping.
func JournaldOn(conn *dbus.Conn, ping func(ctx context.Context) error) Restarter {
	manager := conn.Object(systemd, "/org/freedesktop/systemd1")
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, restartTime)
		defer cancel()
		// systemd starts nothing more than five times in ten seconds. An owner who
		// tries sizes out must not be left without a log.
		reset := manager.CallWithContext(ctx, systemd+".Manager.ResetFailedUnit", 0, journald)
		var job dbus.ObjectPath
		call := manager.CallWithContext(ctx, systemd+".Manager.RestartUnit", 0, journald, "replace")
		if err := errors.Join(reset.Err, call.Store(&job)); err != nil {
			return fmt.Errorf("cannot restart journald: %w", err)
		}
		if err := ended(ctx, conn.Object(systemd, job)); err != nil {
			return err
		}
		return ping(ctx)
	}
}

// ended waits until a job of systemd is no more: then it has been done.
func ended(ctx context.Context, job dbus.BusObject) error {
	for {
		call := job.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, systemd+".Job", "State")
		if call.Err != nil && ctx.Err() == nil {
			return nil // UnknownObject
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("cannot restart journald: %w", ctx.Err())
		case <-time.After(look):
		}
	}
}
