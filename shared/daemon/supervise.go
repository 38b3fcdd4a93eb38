package daemon

import (
	"context"
	"runtime/debug"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/godbus/dbus/v5"

	"resinos.io/proto/service1"
	"resinos.io/shared/config"
)

// awakeTime bounds what a domain does at a wake-up.
const awakeTime = 5 * time.Second

// configChanged is told of a new state of config.json.
func (d *Daemon) configChanged(snapshot config.Snapshot) {
	d.state.take(snapshot)
	d.loop.Trigger()
}

// watchConnection returns a channel that tells why the daemon cannot go on.
func (d *Daemon) watchConnection() <-chan error {
	lost := make(chan error, 1)
	signals := make(chan *dbus.Signal, 4)
	d.Conn.Signal(signals)
	go func() {
		for signal := range signals { // closed with the connection
			if signal.Name == "org.freedesktop.DBus.NameLost" && len(signal.Body) == 1 && signal.Body[0] == d.BusName {
				lost <- ErrNameLost
				return
			}
		}
		lost <- ErrBusLost
	}()
	return lost
}

// feedWatchdog tells systemd that we live, each time after a call to ourselves
// came back over the bus: proof that the bus, the connection and the dispatcher
// work, which a timer alone is not. Nothing is sent while the call fails.
//
// As the process is awake anyway, what the last burst of work needed goes back to
// the kernel: these daemons idle for years.
func (d *Daemon) feedWatchdog(ctx context.Context) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil || interval == 0 {
		return
	}
	ticker := time.NewTicker(interval / 2)
	defer ticker.Stop()
	self := service1.NewClient(d.Conn, d.BusName, d.Path)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if _, err := self.State(ctx); err != nil {
			d.Log.Error("no answer from ourselves over the bus", "error", err)
			continue
		}
		d.notify(daemon.SdNotifyWatchdog)
		d.wakeUp(ctx)
		debug.FreeOSMemory()
	}
}

// wakeUp gives the domain its turn.
func (d *Daemon) wakeUp(ctx context.Context) {
	if d.awake == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, awakeTime)
	defer cancel()
	d.awake(ctx)
}

// notify tells systemd of our state. Without systemd there is nobody to tell.
func (d *Daemon) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		d.Log.Error("cannot notify systemd", "state", state, "error", err)
	}
}
