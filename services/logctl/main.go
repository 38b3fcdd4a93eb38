// Command logctl keeps the journal in RAM, or on the data partition if config.json
// says `persistentLogging`, and sets its sizes. See README.md beside this file.
package main

import (
	"context"
	"os"

	"resinos.io/proto/log1"
	"resinos.io/services/logctl/internal/files"
	"resinos.io/services/logctl/internal/journald"
	"resinos.io/services/logctl/internal/logs"
	"resinos.io/services/logctl/internal/sizes"
	"resinos.io/shared/bus"
	"resinos.io/shared/daemon"
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(daemon.Main(daemon.Service{
		Name:    "logctl",
		Version: version,
		BusName: log1.BusName,
		Path:    log1.Path,
		Keys:    []string{"/persistentLogging", "/os/logging"},
	}, run))
}

// run builds the domain and serves it.
func run(ctx context.Context, d *daemon.Daemon) error {
	journal := journald.New(d.Root)
	l := &logs.Logs{
		Journal: journal,
		Disk:    files.New(d.Root.Path("/var/log/journal")),
		RAM:     files.New(d.Root.Path("/run/log/journal")),
		Sizes:   sizes.New(d.Root, sizes.JournaldOn(d.Conn, journal.Sync)),
		Config:  d.Config,
		Applied: d.Reconcile,
		Trigger: d.Trigger,
	}
	if err := journal.Watch(ctx, d.Trigger); err != nil {
		return err
	}
	return d.Serve(ctx, bus.Interface{
		Contract: log1.Contract(),
		Methods: bus.Methods{
			log1.MethodSetPersistent: l.SetPersistent,
			log1.MethodVacuum:        l.Vacuum,
			log1.MethodFlush:         l.Flush,
		},
		Values:  l.Initial(),
		Getters: map[string]bus.Getter{log1.PropertyDiskUsage: l.DiskUsage},
		Errors:  logs.ErrorNames(),
	}, l.Apply)
}
