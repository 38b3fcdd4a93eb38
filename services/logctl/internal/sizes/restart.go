package sizes

import (
	"context"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	systemd     = "org.freedesktop.systemd1"
	restartTime = 20 * time.Second
	look        = 20 * time.Millisecond // between two looks whether it is done
)

// JournaldOn returns what restarts journald through the systemd on the bus of conn
// (org.freedesktop.systemd1(5)).
func JournaldOn(conn *dbus.Conn) Restarter {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, restartTime)
		defer cancel()
		var job dbus.ObjectPath
		manager := conn.Object(systemd, "/org/freedesktop/systemd1")
		call := manager.CallWithContext(ctx, systemd+".Manager.RestartUnit", 0, "systemd-journald.service", "replace")
		if err := call.Store(&job); err != nil {
			return fmt.Errorf("cannot restart journald: %w", err)
		}
		return ended(ctx, conn.Object(systemd, job))
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
