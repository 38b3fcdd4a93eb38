// Package resolver is dnsmasq on the bus (dbus/DBus-interface in its source): the
// owner's servers go in, the servers that it asks come out.
//
// The servers that DHCP brought come to dnsmasq by way of resolvconf; those set
// here are kept apart from them by dnsmasq itself. A dnsmasq that was restarted is
// told again. Nothing here starts it.
package resolver

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	busName  = "uk.org.thekelleys.dnsmasq"
	path     = dbus.ObjectPath("/uk/org/thekelleys/dnsmasq")
	callTime = 3 * time.Second
)

// A Resolver is the dnsmasq of the system bus, used by one goroutine.
type Resolver struct {
	conn  *dbus.Conn
	told  []string // what dnsmasq was told last
	owner string   // the dnsmasq that was told, "" for none
}

// New returns the resolver behind conn.
func New(conn *dbus.Conn) *Resolver { return &Resolver{conn: conn} }

// Set makes dnsmasq ask servers, addresses, beside those that it finds itself, and
// reports whether there is a dnsmasq.
func (r *Resolver) Set(ctx context.Context, servers []string) (running bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var owner string
	if err := r.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetNameOwner", 0, busName).Store(&owner); err != nil {
		r.owner = ""
		return false, nil // nobody has the name; whether it should run is systemd's to say
	}
	if owner == r.owner && slices.Equal(servers, r.told) {
		return true, nil
	}
	entries := [][]string{}
	for _, server := range servers {
		entries = append(entries, []string{server})
	}
	if err := r.call(ctx, "SetServersEx", entries).Err; err != nil {
		return true, fmt.Errorf("cannot set dnsmasq's servers: %w", err)
	}
	r.owner, r.told = owner, slices.Clone(servers)
	return true, nil
}

// Servers returns the servers that dnsmasq asks now, those that were set first.
func (r *Resolver) Servers(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var metrics []map[string]string
	if err := r.call(ctx, "GetServerMetrics").Store(&metrics); err != nil {
		return nil, fmt.Errorf("cannot ask dnsmasq for its servers: %w", err)
	}
	return r.order(metrics), nil
}

func (r *Resolver) order(metrics []map[string]string) []string {
	servers := []string{}
	add := func(server string) {
		if server != "" && !slices.Contains(servers, server) {
			servers = append(servers, server)
		}
	}
	var found []string
	for _, m := range metrics {
		found = append(found, address(m))
	}
	for _, server := range r.told {
		if slices.Contains(found, server) {
			add(server)
		}
	}
	for _, server := range found {
		add(server)
	}
	return servers
}

// address is "192.0.2.1", or "192.0.2.1#5353" for another port than 53.
func address(metrics map[string]string) string {
	host, port := metrics["address"], metrics["port"]
	if host != "" && port != "" && port != "53" {
		return host + "#" + port
	}
	return host
}

func (r *Resolver) call(ctx context.Context, method string, args ...any) *dbus.Call {
	return r.conn.Object(busName, path).CallWithContext(ctx, busName+"."+method, dbus.FlagNoAutoStart, args...)
}

// Watch calls changed when dnsmasq comes or goes, until the connection ends. It
// returns at once.
func (r *Resolver) Watch(ctx context.Context, changed func()) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	const rule = "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" + busName + "'"
	if err := r.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.AddMatch", 0, rule).Err; err != nil {
		return fmt.Errorf("cannot watch dnsmasq: %w", err)
	}
	signals := make(chan *dbus.Signal, 4)
	r.conn.Signal(signals)
	go func() {
		for signal := range signals { // closed with the connection
			if signal.Name == "org.freedesktop.DBus.NameOwnerChanged" && len(signal.Body) == 3 && signal.Body[0] == busName {
				changed()
			}
		}
	}()
	return nil
}
