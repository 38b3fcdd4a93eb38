// Command splash-setter shows the owner's logo on the screen: it checks the picture
// on the boot partition and hands it to Plymouth.
// See README.md beside this file.
//
// Usage:
//
//	splash-setter [--root /]           the daemon
//	splash-setter early [--root /]     once, before Plymouth starts and without a bus
//	splash-setter handover [--root /]  once, before the first application may draw
package main

import (
	"context"
	"os"

	"resinos.io/proto/splash1"
	"resinos.io/services/splash-setter/internal/bootfile"
	"resinos.io/services/splash-setter/internal/screen"
	"resinos.io/services/splash-setter/internal/splash"
	"resinos.io/shared/bus"
	"resinos.io/shared/daemon"
)

// version is set by the linker.
var version = "unknown"

func main() {
	if len(os.Args) > 1 {
		if phase, ok := phases()[os.Args[1]]; ok {
			os.Exit(once(os.Args[1], os.Args[2:], os.Stderr, phase))
		}
	}
	os.Exit(daemon.Main(daemon.Service{
		Name:    "splash-setter",
		Version: version,
		BusName: splash1.BusName,
		Path:    splash1.Path,
	}, run))
}

// run builds the domain and serves it.
func run(ctx context.Context, d *daemon.Daemon) error {
	file := bootfile.New(d.Root)
	s := &splash.Splash{File: file, Screen: screen.Screen{Root: d.Root}}
	methods := &splash.Methods{File: file, Applied: d.Reconcile}
	file.Watch(ctx, d.Log, d.Trigger)
	return d.Serve(ctx, bus.Interface{
		Contract: splash1.Contract(),
		Methods: bus.Methods{
			splash1.MethodSetLogo:   methods.SetLogo,
			splash1.MethodResetLogo: methods.ResetLogo,
		},
		Values: splash.Initial(),
		Errors: splash.ErrorNames(),
	}, s.Apply)
}
