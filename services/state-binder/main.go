// Command state-binder keeps what must survive a reboot on its partition, and
// forgets it when that is asked for. It has two phases: `state-binder early` runs
// once at boot and binds; without an argument it is the daemon that tells of it.
// See README.md beside this file.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"resinos.io/proto/state1"
	"resinos.io/services/state-binder/internal/bind"
	"resinos.io/services/state-binder/internal/binder"
	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/early"
	"resinos.io/services/state-binder/internal/store"
	"resinos.io/shared/bus"
	"resinos.io/shared/daemon"
	"resinos.io/shared/journal"
	"resinos.io/shared/layout"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "early" || os.Args[1] == "list") {
		os.Exit(once(os.Args[1], os.Args[2:], os.Stdout, os.Stderr))
	}
	os.Exit(daemon.Main(daemon.Service{
		Name:    "state-binder",
		Version: version,
		BusName: state1.BusName,
		Path:    state1.Path,
	}, run))
}

// run builds the domain and serves it.
func run(ctx context.Context, d *daemon.Daemon) error {
	b := binder.New(d.Root, d.Log)
	b.Trigger, b.Applied = d.Trigger, d.Reconcile
	d.OnWakeUp(b.WakeUp)
	ctx, stop := context.WithCancel(ctx)
	wait := b.Run(ctx)
	err := d.Serve(ctx, bus.Interface{
		Contract: state1.Contract(),
		Methods:  bus.Methods{state1.MethodPurge: b.Purge, state1.MethodCancelPurge: b.CancelPurge},
		Values:   b.Initial(),
		Errors:   binder.ErrorNames(),
	}, b.Apply)
	stop()
	wait()
	return err
}

// once runs what is no daemon and returns the exit status: 1 if it failed, 2 for
// a usage error.
func once(command string, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("state-binder "+command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", string(layout.Device), "directory that holds the device's file system")
	if err := flags.Parse(args); err != nil || flags.NArg() > 0 {
		return 2
	}
	log := journal.New(stderr, slog.LevelInfo)
	if command == "list" {
		return list(layout.Root(*root), stdout, log)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	phase := early.Phase{
		Root: layout.Root(*root), Disk: store.Ext4{Root: layout.Root(*root)}, System: bind.Kernel{}, Log: log,
	}
	if err := phase.Run(ctx); err != nil {
		log.Error("ended", "error", err)
		return 1
	}
	return 0
}

// list prints what is declared, one "kind path" a line, for the image's build.
// Any fault in a declaration fails it.
func list(root layout.Root, stdout io.Writer, log *slog.Logger) int {
	binds, problems := declare.Load(root)
	for _, b := range binds {
		fmt.Fprintln(stdout, b.Kind, b.Path)
	}
	for _, p := range problems {
		log.Error(p.Pointer + ": " + p.Reason)
	}
	if len(problems) > 0 {
		return 1
	}
	return 0
}
