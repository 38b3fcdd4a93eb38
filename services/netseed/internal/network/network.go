// Package network is the domain of netseed: what config.json and the owner's
// connection files ask of the network, and the way from there to what is in force.
//
// Everything happens in [Network.Apply], one call at a time. Connection files that
// may cost the device its network are on trial: Apply carries them, and later calls
// judge them, until they are kept or taken back.
package network

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"resinos.io/proto/network1"
	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/seeds"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
)

// A Settings is our part of NetworkManager's configuration.
type Settings interface {
	Set(ctx context.Context, c config.Network, running bool) error
}

// A Resolver is asked for names by the host and by containers.
type Resolver interface {
	Set(ctx context.Context, servers []string) (running bool, err error)
	Servers(ctx context.Context) ([]string, error)
}

// A Clock gets the time from servers.
type Clock interface {
	Set(ctx context.Context, owner config.Servers, fromDHCP []string) (running bool, err error)
	Servers(ctx context.Context) ([]string, error)
}

// A Radio has the rules of a country.
type Radio interface {
	Set(ctx context.Context, country string) error
}

// A Teller asks for what the rest of the device has to know.
type Teller interface {
	Running(ctx context.Context) (bool, error)
	Status(ctx context.Context) (nm.Status, error)
	NameServers(ctx context.Context) ([]string, error)
	TimeServers(ctx context.Context) ([]string, error)
}

// A Network carries everything. Its fields are set once.
type Network struct {
	Manager  Teller
	Settings Settings
	Resolver Resolver
	Clock    Clock
	Radio    Radio
	Trial    *Trial
	Trigger  func() // asks for one more Apply
	Log      *slog.Logger

	leased []string      // time servers of the last leases
	pause  time.Duration // before the next look when something is not as it should be
	timer  *time.Timer
}

// Initial returns the properties before the first apply.
func (n *Network) Initial() map[string]any {
	return map[string]any{
		network1.PropertySeeds:        []network1.Seed{},
		network1.PropertyDnsServers:   []string{},
		network1.PropertyNtpServers:   []string{},
		network1.PropertyConnectivity: "unknown",
	}
}

// Apply makes the network what c and the connection files ask. Each part is applied
// whatever becomes of the others; what fails is a problem, and looked at again soon.
func (n *Network) Apply(ctx context.Context, c config.Config) (daemon.Effective, error) {
	running, err := n.Manager.Running(ctx)
	if err != nil {
		return daemon.Effective{}, err
	}
	e := effective{values: n.Initial()}
	e.check("/os/network", n.Settings.Set(ctx, c.Network, running))
	e.check("/country", n.Radio.Set(ctx, c.Country))
	e.check("system-connections", n.Trial.Step(ctx, c.Network.RollbackAfter, running))
	n.seeds(&e)
	if running {
		status, err := n.Manager.Status(ctx)
		if !e.check("NetworkManager", err) {
			e.values[network1.PropertyConnectivity] = status.Connectivity
		}
	}
	n.clock(ctx, &e, c.NTPServers, running)
	n.names(ctx, &e, c.DNSServers, running)
	n.again(e.failed)
	return daemon.Effective{Values: e.values, Problems: e.problems}, nil
}

// effective is what an Apply found.
type effective struct {
	values   map[string]any
	problems []config.Problem
	failed   bool // something may be better without anybody telling us
}

// check notes err as a problem of what, and reports whether it was one.
func (e *effective) check(what string, err error) bool {
	if err == nil {
		return false
	}
	e.problems = append(e.problems, config.Problem{Pointer: what, Reason: err.Error()})
	e.failed = true
	return true
}

func (n *Network) seeds(e *effective) {
	list := []network1.Seed{}
	for _, seed := range n.Trial.Store.Seeds() {
		list = append(list, network1.Seed{File: seed.File, Uuid: seed.UUID, State: seed.State})
		if seed.State == seeds.Invalid {
			e.problems = append(e.problems, config.Problem{Pointer: "system-connections/" + seed.File, Reason: seed.Reason})
		}
	}
	e.values[network1.PropertySeeds] = list
}

// clock gives chrony its servers. Without NetworkManager those of its last leases stay.
func (n *Network) clock(ctx context.Context, e *effective, owner config.Servers, running bool) {
	if running {
		leased, err := n.Manager.TimeServers(ctx)
		if e.check("NetworkManager", err) {
			return
		}
		n.leased = leased
	}
	running, err := n.Clock.Set(ctx, owner, n.leased)
	if e.check("/ntpServers", err) || !running {
		return
	}
	servers, err := n.Clock.Servers(ctx)
	if !e.check("chrony", err) {
		e.values[network1.PropertyNtpServers] = servers
	}
}

const (
	firstPause = time.Second
	lastPause  = time.Minute
)

// again asks for another Apply after a while if failed, later each time.
func (n *Network) again(failed bool) {
	if n.timer != nil {
		n.timer.Stop()
	}
	if !failed {
		n.pause = firstPause
		return
	}
	n.timer = time.AfterFunc(max(n.pause, firstPause), n.Trigger)
	n.pause = min(2*max(n.pause, firstPause), lastPause)
}

// errNotAsked says that the resolver does not ask a server that it should.
var errNotAsked = errors.New("the resolver does not ask it")
