// Command hostnamed-bridge gives the device its one name: `hostname` from
// config.json, or the short uuid, set in the kernel and in Avahi.
// See README.md beside this file.
package main

import (
	"context"
	"os"

	"resinos.io/proto/hostname1"
	"resinos.io/services/hostnamed-bridge/internal/bridge"
	"resinos.io/services/hostnamed-bridge/internal/hostnamed"
	"resinos.io/services/hostnamed-bridge/internal/identity"
	"resinos.io/services/hostnamed-bridge/internal/kernelname"
	"resinos.io/services/hostnamed-bridge/internal/mdns"
	"resinos.io/shared/bus"
	"resinos.io/shared/daemon"
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(daemon.Main(daemon.Service{
		Name:    "hostnamed-bridge",
		Version: version,
		BusName: hostname1.BusName,
		Path:    hostname1.Path,
		// developmentMode is in the list because somebody must say that it is not honoured.
		Keys: []string{"/hostname", "/uuid", "/developmentMode"},
	}, run))
}

// run builds the domain and serves it.
func run(ctx context.Context, d *daemon.Daemon) error {
	kernel := kernelname.New(d.Root)
	responder := mdns.New(d.Conn, d.Trigger)
	b := &bridge.Bridge{
		Identity: identity.New(d.Root.ServiceState(d.Name), d.Config),
		Host:     hostnamed.New(d.Conn, kernel),
		Mdns:     responder,
		Config:   d.Config,
		Applied:  d.Reconcile,
	}
	if err := responder.Watch(ctx); err != nil {
		return err
	}
	if err := kernel.Watch(ctx, d.Trigger); err != nil {
		return err
	}
	return d.Serve(ctx, bus.Interface{
		Contract: hostname1.Contract(),
		Methods:  bus.Methods{hostname1.MethodSetHostname: b.SetHostname},
		Values:   b.Initial(),
		Errors:   bridge.ErrorNames(),
	}, b.Apply)
}
