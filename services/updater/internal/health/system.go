package health

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/godbus/dbus/v5"
)

// Names of systemd's and NetworkManager's interfaces, see
// org.freedesktop.systemd1(5) and NetworkManager's D-Bus reference.
const (
	systemd        = "org.freedesktop.systemd1"
	systemdManager = systemd + ".Manager"
	systemdPath    = "/org/freedesktop/systemd1"
	network        = "org.freedesktop.NetworkManager"
	networkPath    = "/org/freedesktop/NetworkManager"
)

// A System is what systemd and NetworkManager tell of this system.
type System struct{ Conn *dbus.Conn }

// unit is a row of ListUnitFiles or ListUnits, as far as it is used here.
type unitFile struct{ Path, State string }

// Units fails if a unit that is enabled, and one of names, does not run.
func (s System) Units(names []string) func(context.Context) error {
	return func(ctx context.Context) error {
		enabled, err := s.enabled(ctx, names)
		if err != nil {
			return err
		}
		for _, name := range enabled {
			state, err := s.ActiveState(ctx, name)
			if err != nil {
				return err
			}
			if state != "active" {
				return fmt.Errorf("%s is %s", name, state)
			}
		}
		return nil
	}
}

func (s System) enabled(ctx context.Context, names []string) ([]string, error) {
	var files []unitFile
	call := s.Conn.Object(systemd, systemdPath).CallWithContext(ctx, systemdManager+".ListUnitFilesByPatterns", 0, []string{"enabled"}, names)
	if err := call.Store(&files); err != nil {
		return nil, fmt.Errorf("cannot list units: %w", err)
	}
	var enabled []string
	for _, file := range files {
		enabled = append(enabled, path.Base(file.Path))
	}
	return enabled, nil
}

// ActiveState returns a unit's state: "active", "failed", "inactive" and so on.
func (s System) ActiveState(ctx context.Context, unit string) (string, error) {
	var object dbus.ObjectPath
	if err := s.Conn.Object(systemd, systemdPath).CallWithContext(ctx, systemdManager+".LoadUnit", 0, unit).Store(&object); err != nil {
		return "", fmt.Errorf("cannot ask for %s: %w", unit, err)
	}
	return property[string](ctx, s.Conn.Object(systemd, object), systemd+".Unit", "ActiveState")
}

// Stopping says whether the whole system is on its way down.
func (s System) Stopping(ctx context.Context) (bool, error) {
	state, err := property[string](ctx, s.Conn.Object(systemd, systemdPath), systemdManager, "SystemState")
	return strings.HasPrefix(state, "stopping"), err
}

// NetworkState returns how connected NetworkManager is: 70 with the internet,
// 60 with a site, 50 with a link; 0 if it does not run.
func (s System) NetworkState(ctx context.Context) uint32 {
	state, err := property[uint32](ctx, s.Conn.Object(network, networkPath), network, "State")
	if err != nil {
		return 0
	}
	return state
}

// Network fails if the network is less than it was.
func (s System) Network(before uint32) func(context.Context) error {
	return func(ctx context.Context) error {
		if now := s.NetworkState(ctx); now < before {
			return fmt.Errorf("NetworkManager's state is %d, it was %d before the update", now, before)
		}
		return nil
	}
}

func property[T any](ctx context.Context, object dbus.BusObject, face, name string) (value T, err error) {
	var variant dbus.Variant
	if err := object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, face, name).Store(&variant); err != nil {
		return value, fmt.Errorf("cannot read %s: %w", name, err)
	}
	value, ok := variant.Value().(T)
	if !ok {
		return value, fmt.Errorf("cannot read %s: it is a %s", name, variant.Signature())
	}
	return value, nil
}
