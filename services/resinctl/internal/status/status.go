// Package status collects, over the bus and without changing anything, what a
// person wants to see of a device at one glance.
//
// A part that cannot be asked is missing from it, and why is told; it never
// fails as a whole.
package status

import (
	"bufio"
	"context"
	"net"
	"os"
	"slices"
	"strings"
	"sync"

	"resinos.io/proto/hostname1"
	"resinos.io/proto/service1"
	"resinos.io/proto/state1"
	"resinos.io/proto/update1"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/shared/layout"
)

// A Status is a device at one moment. The names in JSON are a contract.
type Status struct {
	Version      string    `json:"version"`
	Variant      string    `json:"variant"`
	Slot         string    `json:"slot"` // "A", "B" or "" if not known
	Hostname     string    `json:"hostname"`
	MDNS         string    `json:"mdns"` // without ".local", "" if it is not announced
	UUID         string    `json:"uuid"`
	Addresses    []Address `json:"addresses"`
	State        Usage     `json:"state"`
	Data         Usage     `json:"data"`
	PurgePending string    `json:"purgePending"`
	Available    string    `json:"availableVersion"` // "" if there is none newer
	OnTrial      bool      `json:"onTrial"`
	LastRollback string    `json:"lastRollbackReason"`
	Services     []Service `json:"services"`
}

// An Address is one of the device's own.
type Address struct {
	Interface string `json:"interface"`
	Address   string `json:"address"` // with prefix length
}

// A Usage is how full a partition is, in bytes; Size is 0 if that is not known.
type Usage struct {
	Used uint64 `json:"used"`
	Size uint64 `json:"size"`
}

// A Service is one daemon.
type Service struct {
	Name     string    `json:"name"`
	State    string    `json:"state"` // as in io.resinos.Service1, or "absent"
	Version  string    `json:"version"`
	Config   string    `json:"configSource"`
	Problems []Problem `json:"problems"`
	Why      string    `json:"why"` // why it is absent
}

// A Problem is what a service cannot do, and why.
type Problem struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Absent is the state of a service that is not there.
const Absent = "absent"

// Healthy reports whether nothing needs a person's eye. A service that was left
// out or disabled by whoever built the image needs none.
func (s Status) Healthy() bool {
	return !slices.ContainsFunc(s.Services, func(v Service) bool { return !v.Healthy() })
}

// Healthy reports whether the service needs no person's eye.
func (s Service) Healthy() bool {
	switch s.State {
	case "ready", "starting":
		return true
	case Absent:
		return slices.Contains([]string{"not installed", "masked", "disabled", "starting"}, s.Why)
	}
	return false
}

// Collect asks everybody at once.
func Collect(ctx context.Context, d device.Device, root layout.Root) Status {
	release := osRelease(root.Path("/usr/lib/os-release"))
	s := Status{
		Version: release["VERSION_ID"], Variant: release["VARIANT_ID"], Addresses: addresses(),
		Services: make([]Service, len(device.Services())),
	}
	var wait sync.WaitGroup
	for i, service := range device.Services() {
		wait.Go(func() { s.Services[i] = ask(ctx, d, service) })
	}
	wait.Wait()
	for _, service := range device.Services() {
		s.add(ctx, d, service)
	}
	return s
}

// ask returns what one service says of itself, or why it does not.
func ask(ctx context.Context, d device.Device, s device.Service) Service {
	report := d.Ask(ctx, s)
	if report.Runs {
		return Service{
			Name: s.Name, State: report.State, Version: report.Version, Config: report.Source,
			Problems: problems(report.Problems),
		}
	}
	unit, err := d.Unit(ctx, s)
	why := unit.Why()
	if err != nil {
		why = report.Err.Error()
	}
	return Service{Name: s.Name, State: Absent, Problems: []Problem{}, Why: why}
}

func problems(in []service1.Problem) []Problem {
	out := make([]Problem, 0, len(in))
	for _, p := range in {
		out = append(out, Problem{p.What, p.Why})
	}
	return out
}

// add puts in what only one service knows.
func (s *Status) add(ctx context.Context, d device.Device, service device.Service) {
	i := slices.IndexFunc(s.Services, func(v Service) bool { return v.Name == service.Name })
	if s.Services[i].State == Absent {
		return
	}
	values, err := d.Get(ctx, service, service.BusName)
	if err != nil {
		s.Services[i].State, s.Services[i].Why = Absent, err.Error()
		return
	}
	switch service.BusName {
	case hostname1.BusName:
		s.Hostname = device.Value[string](values, hostname1.PropertyHostname)
		s.MDNS = device.Value[string](values, hostname1.PropertyMdnsName)
		s.UUID = device.Value[string](values, hostname1.PropertyUuid)
	case state1.BusName:
		s.State = Usage{device.Value[uint64](values, state1.PropertyPartitionUsed), device.Value[uint64](values, state1.PropertyPartitionSize)}
		s.Data = Usage{device.Value[uint64](values, state1.PropertyDataUsed), device.Value[uint64](values, state1.PropertyDataSize)}
		s.PurgePending = device.Value[string](values, state1.PropertyPurgePending)
	case update1.BusName:
		s.Slot = device.Value[string](values, update1.PropertyBootedSlot)
		s.Available = device.Value[string](values, update1.PropertyAvailableVersion)
		s.OnTrial = device.Value[bool](values, update1.PropertyTryPending)
		s.LastRollback = device.Value[string](values, update1.PropertyLastRollbackReason)
	}
}

// addresses returns the device's own addresses that others can reach, without
// those of the container engine's bridges.
func addresses() []Address {
	out := []Address{}
	interfaces, _ := net.Interfaces() // none then
	for _, i := range interfaces {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagLoopback != 0 || ofContainers(i.Name) {
			continue
		}
		list, _ := i.Addrs()
		for _, a := range list {
			out = append(out, Address{i.Name, a.String()})
		}
	}
	return out
}

func ofContainers(name string) bool {
	return strings.HasPrefix(name, "docker") || strings.HasPrefix(name, "veth") || strings.HasPrefix(name, "br-")
}

// osRelease reads os-release(5).
func osRelease(path string) map[string]string {
	out := map[string]string{}
	file, err := os.Open(path)
	if err != nil {
		return out
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), "="); ok {
			out[key] = strings.Trim(value, `"'`)
		}
	}
	return out
}
