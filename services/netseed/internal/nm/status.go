package nm

import (
	"context"
	"fmt"
	"strings"

	"github.com/Wifx/gonetworkmanager/v2"
	"github.com/godbus/dbus/v5"
)

// Reach is how much of the network the device has.
type Reach int

// From nothing to everything.
const (
	NoNetwork Reach = iota
	Local           // some connection is up
	Routed          // one of them has the default route
	Internet        // and NetworkManager's check found the internet
)

// Active is a connection that is up or on its way.
type Active struct {
	UUID       string
	Type       string
	Activating bool
	Activated  bool
	Default    bool // it has the default route of IPv4 or IPv6
	Devices    []dbus.ObjectPath
}

// Status is what NetworkManager says of the network.
type Status struct {
	Connectivity string // as Network1.Connectivity
	Checked      bool   // Connectivity comes from a check, not from the routes alone
	Active       []Active
}

// Reach sums the status up.
func (s Status) Reach() Reach {
	reach := NoNetwork
	for _, a := range s.Active {
		if !a.Activated || a.Type == "loopback" {
			continue
		}
		reach = max(reach, Local)
		if a.Default {
			reach = max(reach, Routed)
		}
	}
	if reach == Routed && s.Checked && s.Connectivity == "full" {
		reach = Internet
	}
	return reach
}

// Status asks for the status.
func (m *Manager) Status(ctx context.Context) (Status, error) {
	status, err := ask(ctx, m, func() (Status, error) {
		manager, err := gonetworkmanager.NewNetworkManager()
		if err != nil {
			return Status{}, err
		}
		return statusOf(manager)
	})
	if err != nil {
		return status, fmt.Errorf("cannot ask NetworkManager for its status: %w", err)
	}
	return status, nil
}

func statusOf(manager gonetworkmanager.NetworkManager) (Status, error) {
	connectivity, err := manager.GetPropertyConnectivity()
	if err != nil {
		return Status{}, err
	}
	enabled, err := manager.GetPropertyConnectivityCheckEnabled()
	if err != nil {
		return Status{}, err
	}
	available, err := manager.GetPropertyConnectivityCheckAvailable()
	if err != nil {
		return Status{}, err
	}
	status := Status{
		Connectivity: strings.ToLower(strings.TrimPrefix(connectivity.String(), "NmConnectivity")),
		Checked:      enabled && available,
	}
	connections, err := manager.GetPropertyActiveConnections()
	if err != nil {
		return status, err
	}
	for _, connection := range connections {
		active, err := activeOf(connection)
		if err != nil {
			continue // it has gone since
		}
		status.Active = append(status.Active, active)
	}
	return status, nil
}

func activeOf(c gonetworkmanager.ActiveConnection) (a Active, err error) {
	if a.UUID, err = c.GetPropertyUUID(); err != nil {
		return a, err
	}
	if a.Type, err = c.GetPropertyType(); err != nil {
		return a, err
	}
	state, err := c.GetPropertyState()
	if err != nil {
		return a, err
	}
	a.Activating = state == gonetworkmanager.NmActiveConnectionStateActivating
	a.Activated = state == gonetworkmanager.NmActiveConnectionStateActivated
	default4, err := c.GetPropertyDefault()
	if err != nil {
		return a, err
	}
	default6, err := c.GetPropertyDefault6()
	if err != nil {
		return a, err
	}
	a.Default = default4 || default6
	devices, err := c.GetPropertyDevices()
	for _, device := range devices {
		a.Devices = append(a.Devices, device.GetPath())
	}
	return a, err
}

// CheckConnectivity makes NetworkManager look for the internet now. It does not
// wait: what is found is a change that Watch tells.
func (m *Manager) CheckConnectivity() {
	m.conn.Object(busName, managerPath).Go(gonetworkmanager.NetworkManagerCheckConnectivity, dbus.FlagNoReplyExpected|dbus.FlagNoAutoStart, nil)
}

// CheckURI returns where NetworkManager looks for the internet, "" for nowhere.
func (m *Manager) CheckURI(ctx context.Context) (string, error) {
	return property[string](ctx, m, managerPath, busName, "ConnectivityCheckUri")
}
