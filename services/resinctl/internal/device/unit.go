package device

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

const (
	systemdName = "org.freedesktop.systemd1"
	systemdPath = "/org/freedesktop/systemd1"
)

// A Unit is what systemd says of a unit; see org.freedesktop.systemd1(5).
type Unit struct {
	Load    string // "loaded", "not-found", "masked", ...
	Active  string // "active", "inactive", "failed", ...
	Sub     string
	File    string // "enabled", "disabled", "masked", ...
	Result  string // how it ended last: "success", "exit-code", ...
	MainPID uint32
}

// Unit asks systemd about a service's unit.
func (d Device) Unit(ctx context.Context, s Service) (Unit, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var path dbus.ObjectPath
	call := d.Conn.Object(systemdName, systemdPath).CallWithContext(ctx, systemdName+".Manager.LoadUnit", dbus.FlagNoAutoStart, s.Unit())
	if err := call.Store(&path); err != nil {
		return Unit{}, fmt.Errorf("cannot ask systemd about %s: %w", s.Unit(), Plain(err))
	}
	unit, err := d.get(ctx, systemdName, path, systemdName+".Unit")
	if err != nil {
		return Unit{}, err
	}
	service, err := d.get(ctx, systemdName, path, systemdName+".Service")
	if err != nil {
		return Unit{}, err
	}
	return Unit{
		Load: Value[string](unit, "LoadState"), Active: Value[string](unit, "ActiveState"), Sub: Value[string](unit, "SubState"),
		File: Value[string](unit, "UnitFileState"), Result: Value[string](service, "Result"), MainPID: Value[uint32](service, "MainPID"),
	}, nil
}

// Why says in a few words why the unit's service is not there.
func (u Unit) Why() string {
	switch {
	case u.Load == "not-found":
		return "not installed"
	case u.Load == "masked":
		return "masked"
	case u.Load != "loaded":
		return "its unit cannot be loaded (" + u.Load + ")"
	case u.Active == "failed":
		return "failed (" + u.Result + ")"
	case u.Active == "active":
		return "its unit runs, but it does not answer"
	case u.Active == "activating":
		return "starting"
	case u.File == "disabled":
		return "disabled"
	}
	return u.Active
}

// Owner returns the process that owns a name on the bus, 0 if nobody does.
func (d Device) Owner(ctx context.Context, busName string) (pid uint32, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var owned bool
	bus := d.Conn.BusObject()
	if err := bus.CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, busName).Store(&owned); err != nil || !owned {
		return 0, err
	}
	err = bus.CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionUnixProcessID", 0, busName).Store(&pid)
	return pid, err
}
