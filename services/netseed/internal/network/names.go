package network

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"resinos.io/proto/network1"
	"resinos.io/shared/config"
)

const (
	// namesTime is how long what NetworkManager found may take to the resolver: it
	// goes by way of resolvconf, and nobody tells when it has arrived.
	namesTime = time.Second
	namesStep = 50 * time.Millisecond
)

// names gives dnsmasq the owner's servers, waits for those that NetworkManager found
// to arrive there, and says what it asks.
func (n *Network) names(ctx context.Context, e *effective, owner config.Servers, running bool) {
	resolving, err := n.Resolver.Set(ctx, owner.Hosts)
	if e.check("/dnsServers", err) || !resolving {
		return
	}
	expected := slices.Clone(owner.Hosts)
	if running {
		found, err := n.Manager.NameServers(ctx)
		if e.check("NetworkManager", err) {
			return
		}
		expected = append(expected, found...)
	}
	var (
		servers []string
		other   string
	)
	for end := time.Now().Add(namesTime); ; time.Sleep(namesStep) {
		if servers, err = n.Resolver.Servers(ctx); e.check("dnsmasq", err) {
			return
		}
		if other = difference(expected, servers, running); other == "" || time.Now().After(end) {
			break
		}
	}
	e.values[network1.PropertyDnsServers] = servers
	if other != "" {
		e.check("dnsmasq", fmt.Errorf("%s: %w", other, errNotAsked))
	}
}

// difference returns a server that is expected and not asked, or, while
// NetworkManager can be believed, one that is asked and not expected; "" for none.
func difference(expected, asked []string, all bool) string {
	has := func(list []string, server string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return plain(s) == plain(server) })
	}
	for _, server := range expected {
		if !local(server) && !has(asked, server) {
			return server
		}
	}
	for _, server := range asked {
		if all && !has(expected, server) {
			return "all but " + server
		}
	}
	return ""
}

// plain is an address in one form, whatever it was written like.
func plain(server string) string {
	address, _, _ := strings.Cut(server, "#")
	if parsed, err := netip.ParseAddr(address); err == nil {
		return parsed.WithZone("").String()
	}
	return server
}

// local servers are not for resolvconf to pass on: one of them is dnsmasq itself.
func local(server string) bool {
	parsed, err := netip.ParseAddr(server)
	return err != nil || parsed.IsLoopback() || parsed.IsUnspecified()
}
