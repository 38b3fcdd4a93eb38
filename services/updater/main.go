// Command updater keeps the system's two slots: it has a release written into the
// dormant one, lets it prove itself, and goes back by itself when it does not.
// See README.md beside this file.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/update1"
	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/health"
	"resinos.io/services/updater/internal/host"
	"resinos.io/services/updater/internal/slots"
	"resinos.io/services/updater/internal/update"
	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/bus"
	"resinos.io/shared/daemon"
	"resinos.io/shared/layout"
)

// version is set by the linker.
var version = "unknown"

const (
	workerProgram = "/usr/libexec/resinos/update-worker"
	// deadlineVariable changes how long a new system has to prove itself, as Go
	// writes a duration; a drop-in of the unit sets it.
	deadlineVariable = "UPDATER_DEADLINE"
	deadline         = 10 * time.Minute
	// maxDeadline leaves updater-watch.timer behind.
	maxDeadline = 25 * time.Minute
	leavingTime = 5 * time.Second
)

func main() {
	os.Exit(daemon.Main(daemon.Service{
		Name:    "updater",
		Version: version,
		BusName: update1.BusName,
		Path:    update1.Path,
		Keys:    []string{"/os/update", "/uuid"},
	}, run))
}

// run builds the domain and serves it.
func run(ctx context.Context, d *daemon.Daemon) error {
	u, err := build(ctx, d)
	if err != nil {
		return err
	}
	if boot, err := host.BootID(d.Root); err != nil {
		return err
	} else if err := u.Resume(boot); err != nil {
		d.Log.Error("what the last boot left is not taken up", "error", err)
	}
	d.OnWakeUp(u.WakeUp)
	go u.Prove(ctx)
	err = d.Serve(ctx, bus.Interface{
		Contract: update1.Contract(),
		Methods:  u.Methods(),
		Values:   u.Initial(),
		Errors:   update.ErrorNames(),
	}, u.Apply)
	leaving, cancel := context.WithTimeout(context.WithoutCancel(ctx), leavingTime)
	defer cancel()
	u.Leaving(leaving)
	return err
}

func build(ctx context.Context, d *daemon.Daemon) (*update.Updater, error) {
	table := slots.Table{Root: d.Root}
	runs, err := table.System()
	if err != nil {
		return nil, err
	}
	loader, err := bootenv.Find(d.Root)
	if err != nil {
		return nil, err
	}
	limit, err := limitOf(os.Getenv(deadlineVariable))
	if err != nil {
		return nil, err
	}
	page, err := book.Open(d.Root.ServiceState(d.Name), time.Now)
	if err != nil {
		d.Log.Error(err.Error())
	}
	booted, err := table.Booted()
	if err != nil {
		d.Log.Warn(err.Error()) // shown as a problem by each Apply
	}
	system := host.New(d.Conn)
	u := &update.Updater{
		Env: loader, Book: page, Booted: booted, Runs: runs, System: system,
		Worker: worker.Program(d.Root.Path(workerProgram)),
		Places: places(d.Root, table), Log: d.Log, Life: ctx, Changed: d.Trigger,
		Checks: checks(d.Root, system), Deadline: limit,
	}
	u.Jobs = d.Jobs(func(path dbus.ObjectPath, result, message string) {
		// Also for those that nobody asked for and nobody watches.
		d.Log.Info("installation "+result, "message", message)
		u.Ended()
		// Fails only on a lost connection, which ends the process elsewhere.
		_ = d.Conn.Emit(d.Path, update1.Interface+"."+update1.SignalJobRemoved, path, result, message)
	})
	return u, nil
}

func limitOf(text string) (time.Duration, error) {
	if text == "" {
		return deadline, nil
	}
	limit, err := time.ParseDuration(text)
	if err != nil || limit <= 0 || limit > maxDeadline {
		return 0, fmt.Errorf("cannot use %s=%q: it is no duration above 0 and up to %v, such as 5m", deadlineVariable, text, maxDeadline)
	}
	return limit, nil
}

func places(root layout.Root, table slots.Table) update.Places {
	return update.Places{
		Root:   root.Path("/usr/share/resinos/update/root.json"),
		Floor:  root.Path("/usr/share/resinos/update/floor.json"),
		Boot:   root.Boot(),
		Locks:  root.Path("/run/resinos/update-locks"),
		Proven: root.Path("/run/resinos/updater/proven"),
		Device: table.Device,
	}
}

// checks are what a new system has to pass.
func checks(root layout.Root, system host.Host) func(book.Before) []health.Check {
	return func(before book.Before) []health.Check {
		units := []string{
			"state-binder.service", "netseed.service", "hostnamed-bridge.service", "logctl.service",
			"splash-setter.service", "docker.service", "NetworkManager.service",
		}
		if before.Supervisor {
			units = append(units, "resin-supervisor.service")
		}
		list := []health.Check{
			{Name: "units", Run: system.Units(units)},
			{Name: "container engine", Run: health.Engine(root.Path("/run/docker.sock"))},
			{Name: "network", Run: system.Network(before.Network)},
		}
		return append(list, health.DropIns(root.Path("/usr/lib/updater/health.d"), root.Path("/etc/updater/health.d"))...)
	}
}
