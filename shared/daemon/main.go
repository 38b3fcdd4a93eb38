package daemon

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/godbus/dbus/v5"

	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/job"
	"resinos.io/shared/journal"
	"resinos.io/shared/layout"
	"resinos.io/shared/reconcile"
)

// A Service says which daemon this is.
type Service struct {
	Name    string // the binary's name, which is also its folder of state
	Version string
	BusName string
	Path    dbus.ObjectPath
	// Keys are the parts of config.json that the daemon reads, as JSON pointers.
	// Problems elsewhere in the file are other daemons' to report.
	Keys []string
}

// A Daemon is a running one: what [Main] hands to the run function.
type Daemon struct {
	Service
	Root   layout.Root
	Log    *slog.Logger
	Config *config.Store
	Conn   *dbus.Conn // for calls to others; [Daemon.Serve] serves on it

	level *slog.LevelVar
	tree  *bus.Tree
	state *state
	loop  *reconcile.Loop
	awake func(context.Context) // see OnWakeUp
}

// Main runs a daemon and returns the process's exit status.
func Main(service Service, run func(context.Context, *Daemon) error) int {
	return runMain(service, run, os.Args[1:], os.Stderr)
}

func runMain(service Service, run func(context.Context, *Daemon) error, args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet(service.Name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", string(layout.Device), "directory that holds the device's file system")
	version := flags.Bool("version", false, "print the version and exit")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if *version {
		fmt.Fprintln(stderr, service.Name, service.Version)
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	level := new(slog.LevelVar)
	log := journal.New(stderr, level)
	if err := connectAndRun(ctx, service, layout.Root(*root), log, level, run); err != nil {
		log.Error("ended", "error", err)
		return 1
	}
	return 0
}

func connectAndRun(ctx context.Context, service Service, root layout.Root, log *slog.Logger, level *slog.LevelVar,
	run func(context.Context, *Daemon) error,
) error {
	tree := bus.NewTree(log)
	conn, err := bus.Connect("", tree)
	if err != nil {
		return err
	}
	defer conn.Close()
	d := &Daemon{Service: service, Root: root, Log: log, Conn: conn, level: level, tree: tree}
	lastGood := filepath.Join(root.ServiceState(service.Name), "config.last-good.json")
	d.Config = config.NewStore(root.ConfigFile(), lastGood, log)
	d.state = newState(d)
	d.loop = reconcile.New(d.state.apply)
	return run(ctx, d)
}

// Jobs returns a manager of jobs below the daemon's own object. It calls ended
// after each job, for a signal on the daemon's own interface.
func (d *Daemon) Jobs(ended func(path dbus.ObjectPath, result, message string)) *job.Manager {
	return job.NewManager(d.tree, d.Path+"/job", ended)
}

// OnWakeUp makes the daemon call do each time it wakes up for the watchdog anyway,
// every minute or two: the place for what has to be looked at now and then. It is
// set before [Daemon.Serve]; do is to be quick and is given a deadline.
func (d *Daemon) OnWakeUp(do func(ctx context.Context)) { d.awake = do }

// Trigger asks for one more apply, because something outside config.json changed.
func (d *Daemon) Trigger() { d.loop.Trigger() }
