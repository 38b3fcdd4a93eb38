package nm

import (
	"context"
	"slices"
	"strings"

	"github.com/Wifx/gonetworkmanager/v2"
	"github.com/godbus/dbus/v5"
)

const (
	dnsFace    = "org.freedesktop.NetworkManager.DnsManager"
	dnsPath    = dbus.ObjectPath("/org/freedesktop/NetworkManager/DnsManager")
	activeFace = gonetworkmanager.ActiveConnectionInterface
	dhcp4Face  = gonetworkmanager.DHCP4ConfigInterface
	dhcp6Face  = "org.freedesktop.NetworkManager.DHCP6Config"
)

// NameServers returns the addresses that NetworkManager found, in its order.
func (m *Manager) NameServers(ctx context.Context) ([]string, error) {
	entries, err := property[[]map[string]dbus.Variant](ctx, m, dnsPath, dnsFace, "Configuration")
	if err != nil {
		return nil, err
	}
	var servers []string
	for _, entry := range entries {
		list, _ := entry["nameservers"].Value().([]string)
		for _, server := range list {
			if !slices.Contains(servers, server) {
				servers = append(servers, server)
			}
		}
	}
	return servers, nil
}

// TimeServers returns the NTP servers that came with DHCP leases.
func (m *Manager) TimeServers(ctx context.Context) ([]string, error) {
	active, err := property[[]dbus.ObjectPath](ctx, m, managerPath, busName, "ActiveConnections")
	if err != nil {
		return nil, err
	}
	var servers []string
	for _, connection := range active {
		found := m.lease(ctx, connection, "Dhcp4Config", dhcp4Face, "ntp_servers")
		found = append(found, m.lease(ctx, connection, "Dhcp6Config", dhcp6Face, "dhcp6_ntp_servers", "dhcp6_sntp_servers")...)
		for _, server := range found {
			if !slices.Contains(servers, server) {
				servers = append(servers, server)
			}
		}
	}
	slices.Sort(servers)
	return servers, nil
}

// lease returns the words of a lease's options; none if there is no lease, or no
// longer.
func (m *Manager) lease(ctx context.Context, connection dbus.ObjectPath, name, face string, options ...string) []string {
	config, err := property[dbus.ObjectPath](ctx, m, connection, activeFace, name)
	if err != nil || config == "/" {
		return nil
	}
	values, err := property[map[string]dbus.Variant](ctx, m, config, face, "Options")
	if err != nil {
		return nil
	}
	var words []string
	for _, option := range options {
		text, _ := values[option].Value().(string)
		words = append(words, strings.Fields(text)...)
	}
	return words
}
