package network

import (
	"cmp"
	"context"
	"log/slog"
	"slices"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/netseed/internal/keyfile"
	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/seeds"
)

// A Starter starts connections on devices.
type Starter interface {
	Devices(ctx context.Context) ([]nm.Device, error)
	Activate(ctx context.Context, uuid string, device dbus.ObjectPath) error
}

const wifi = "802-11-wireless"

// activate starts what a plan brought: a connection that is up is started anew on
// its device; another one on a device that it fits and outranks the connection of.
// Whatever can not be started now (no modem, no such Wi-Fi in reach) NetworkManager
// starts when it can. It returns the uuids of those that were started in the place of
// a connection that was up, or that were up themselves.
func activate(ctx context.Context, starter Starter, plan seeds.Plan, status nm.Status, log *slog.Logger) (instead []string) {
	devices, err := starter.Devices(ctx)
	if err != nil {
		log.Warn("new connections are left to NetworkManager to start", "error", err)
		return nil
	}
	var fresh []keyfile.Connection
	for _, change := range plan.Changes {
		if change.Content != nil && change.Connection.Autoconnect {
			fresh = append(fresh, change.Connection)
		}
	}
	slices.SortStableFunc(fresh, func(a, b keyfile.Connection) int { return cmp.Compare(b.Priority, a.Priority) })
	for _, c := range fresh {
		device, ok := up(c, status)
		taken := ok
		if !ok {
			device, taken, ok = place(c, devices, plan)
		}
		if !ok {
			continue
		}
		if err := starter.Activate(ctx, c.UUID, device); err != nil {
			log.Info("a connection does not start now", "id", c.ID, "error", err)
		} else if taken {
			instead = append(instead, c.UUID)
		}
	}
	return instead
}

// up returns the device that c is up on.
func up(c keyfile.Connection, status nm.Status) (dbus.ObjectPath, bool) {
	for _, active := range status.Active {
		if active.UUID == c.UUID && len(active.Devices) > 0 {
			return active.Devices[0], true
		}
	}
	return "", false
}

// place returns a device for c, and notes in devices that c is on it; taken says
// that another connection was.
func place(c keyfile.Connection, devices []nm.Device, plan seeds.Plan) (path dbus.ObjectPath, taken, ok bool) {
	for i, device := range devices {
		if device.Type == "" || device.Type != c.Type || c.Interface != "" && c.Interface != device.Interface || !outranks(c, device, plan) {
			continue
		}
		devices[i].Active, devices[i].Priority = c.UUID, c.Priority
		return device.Path, device.Active != "", true
	}
	return "", false, false
}

// outranks reports whether c is to take the place of what device has. A connection
// that NetworkManager made up has the priority -999. A cable has one network, so the
// owner's newest word counts; in Wi-Fi a network that is in use is not left for another.
func outranks(c keyfile.Connection, device nm.Device, plan seeds.Plan) bool {
	_, seed := plan.Connections[device.Active]
	switch {
	case device.Active == "":
		return true
	case seed || device.Type == wifi:
		return c.Priority > device.Priority
	}
	return c.Priority >= device.Priority
}
