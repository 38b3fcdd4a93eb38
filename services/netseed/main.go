// Command netseed brings the owner's connection files into NetworkManager, and the
// network's part of config.json into NetworkManager, dnsmasq, chrony and the kernel.
// See README.md beside this file.
package main

import (
	"context"
	"os"
	"time"

	"resinos.io/proto/network1"
	"resinos.io/services/netseed/internal/network"
	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/nmconf"
	"resinos.io/services/netseed/internal/ntp"
	"resinos.io/services/netseed/internal/regdom"
	"resinos.io/services/netseed/internal/resolver"
	"resinos.io/services/netseed/internal/seeds"
	"resinos.io/shared/bus"
	"resinos.io/shared/daemon"
	"resinos.io/shared/filewatch"
)

// How a burst of changes becomes one: a connection file arrives in pieces.
const (
	quiet = 400 * time.Millisecond
	most  = 3 * time.Second
)

// version is set by the linker.
var version = "unknown"

func main() {
	os.Exit(daemon.Main(daemon.Service{
		Name:    "netseed",
		Version: version,
		BusName: network1.BusName,
		Path:    network1.Path,
		Keys:    []string{"/dnsServers", "/ntpServers", "/country", "/os/network"},
	}, run))
}

// run builds the domain and serves it.
func run(ctx context.Context, d *daemon.Daemon) error {
	manager := nm.New(d.Conn)
	names := resolver.New(d.Conn)
	clock := ntp.New(d.Root)
	store := seeds.New(d.Root, d.Root.ServiceState(d.Name))
	n := &network.Network{
		Manager:  manager,
		Settings: nmconf.New(d.Root, manager),
		Resolver: names,
		Clock:    clock,
		Radio:    regdom.New(d.Root),
		Trigger:  d.Trigger,
		Log:      d.Log,
		Trial: &network.Trial{
			Store: store, Manager: manager, Verify: nm.Verify, Check: manager.CheckConnectivity, Trigger: d.Trigger, Log: d.Log,
			Rejected: func(file, reason string) {
				// Fails only on a lost connection, which ends the process elsewhere.
				_ = d.Conn.Emit(network1.Path, network1.Interface+"."+network1.SignalSeedRejected, file, reason)
			},
		},
	}
	for _, watch := range []func(context.Context, func()) error{manager.Watch, names.Watch} {
		if err := watch(ctx, d.Trigger); err != nil {
			return err
		}
	}
	files := []*filewatch.Watch{filewatch.New(clock.Socket(), d.Log)}
	for _, folder := range store.Folders() {
		files = append(files, filewatch.Folder(folder, d.Log))
	}
	filewatch.Follow(ctx, d.Log, filewatch.Pace{Quiet: quiet, Most: most}, d.Trigger, files...)
	return d.Serve(ctx, bus.Interface{Contract: network1.Contract(), Values: n.Initial()}, n.Apply)
}
