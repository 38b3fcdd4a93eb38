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
		places := up(c, status)
		if places == nil {
			places = fitting(c, devices, plan)
		}
		taken, err := start(ctx, starter, c, places)
		if err != nil {
			log.Info("a connection does not start now", "id", c.ID, "error", err)
		} else if taken {
			instead = append(instead, c.UUID)
		}
	}
	return instead
}

// start starts c on the first of places that NetworkManager agrees to, if there are
// any: which device a connection is for can depend on more than is looked at here, such
// as an address. It reports whether another connection, or c itself, was up there.
func start(ctx context.Context, starter Starter, c keyfile.Connection, places []*nm.Device) (taken bool, err error) {
	for _, device := range places {
		if err = starter.Activate(ctx, c.UUID, device.Path); err == nil {
			taken = device.Active != ""
			device.Active, device.Priority = c.UUID, c.Priority
			return taken, nil
		}
	}
	return false, err
}

// up returns the device that c is up on.
func up(c keyfile.Connection, status nm.Status) []*nm.Device {
	for _, active := range status.Active {
		if active.UUID == c.UUID && len(active.Devices) > 0 {
			return []*nm.Device{{Path: active.Devices[0], Active: c.UUID}}
		}
	}
	return nil
}

// fitting returns those of devices that c may be started on, first those that have
// no connection.
func fitting(c keyfile.Connection, devices []nm.Device, plan seeds.Plan) (places []*nm.Device) {
	var taken []*nm.Device
	for i := range devices {
		device := &devices[i]
		switch {
		case device.Type == "" || device.Type != c.Type || c.Interface != "" && c.Interface != device.Interface || !outranks(c, *device, plan):
		case device.Active == "":
			places = append(places, device)
		default:
			taken = append(taken, device)
		}
	}
	return append(places, taken...)
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
