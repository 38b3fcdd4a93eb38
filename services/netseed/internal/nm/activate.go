package nm

import (
	"context"
	"fmt"

	"github.com/Wifx/gonetworkmanager/v2"
	"github.com/godbus/dbus/v5"
)

// A Device is a network device that connections can be started on.
type Device struct {
	Path      dbus.ObjectPath
	Interface string
	Type      string // "802-3-ethernet", "802-11-wireless", "gsm" or "" for another
	Active    string // uuid of the connection on it, "" if none
	Priority  int    // that connection's autoconnect-priority
}

// Devices returns the devices that NetworkManager manages and that can be used now:
// not those without a cable.
func (m *Manager) Devices(ctx context.Context) ([]Device, error) {
	devices, err := ask(ctx, m, func() ([]Device, error) {
		manager, err := gonetworkmanager.NewNetworkManager()
		if err != nil {
			return nil, err
		}
		return devicesOf(manager)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot ask NetworkManager for its devices: %w", err)
	}
	return devices, nil
}

func devicesOf(manager gonetworkmanager.NetworkManager) ([]Device, error) {
	all, err := manager.GetPropertyDevices()
	if err != nil {
		return nil, err
	}
	var devices []Device
	for _, one := range all {
		device, usable, err := deviceOf(one)
		if err != nil || !usable {
			continue // unplugged since, or not to be touched
		}
		devices = append(devices, device)
	}
	return devices, nil
}

func deviceOf(d gonetworkmanager.Device) (device Device, usable bool, err error) {
	device.Path = d.GetPath()
	state, err := d.GetPropertyState()
	if err != nil || state < gonetworkmanager.NmDeviceStateDisconnected {
		return device, false, err // unknown, unmanaged, unavailable
	}
	if device.Interface, err = d.GetPropertyInterface(); err != nil {
		return device, false, err
	}
	kind, err := d.GetPropertyDeviceType()
	if err != nil {
		return device, false, err
	}
	device.Type = map[gonetworkmanager.NmDeviceType]string{
		gonetworkmanager.NmDeviceTypeEthernet: "802-3-ethernet",
		gonetworkmanager.NmDeviceTypeVeth:     "802-3-ethernet", // one end of a cable between namespaces
		gonetworkmanager.NmDeviceTypeWifi:     "802-11-wireless",
		gonetworkmanager.NmDeviceTypeModem:    "gsm",
	}[kind]
	active, err := d.GetPropertyActiveConnection()
	if err != nil || active == nil || active.GetPath() == "/" {
		return device, true, err
	}
	if device.Active, err = active.GetPropertyUUID(); err != nil {
		return device, false, err
	}
	device.Priority = priorityOf(active)
	return device, true, nil
}

// priorityOf is 0, the default, where it cannot be read.
func priorityOf(active gonetworkmanager.ActiveConnection) int {
	connection, err := active.GetPropertyConnection()
	if err != nil {
		return 0
	}
	all, err := connection.GetSettings()
	if err != nil {
		return 0
	}
	priority, _ := all["connection"]["autoconnect-priority"].(int32)
	return int(priority)
}

// Activate starts the connection with the uuid, anew if it is up, on device, "/"
// for whichever fits. It returns when NetworkManager has begun.
func (m *Manager) Activate(ctx context.Context, uuid string, device dbus.ObjectPath) error {
	var connection, active dbus.ObjectPath
	err := m.own(ctx, settings, gonetworkmanager.SettingsGetConnectionByUUID, []any{uuid}, &connection)
	if err == nil {
		err = m.own(ctx, managerPath, gonetworkmanager.NetworkManagerActivateConnection,
			[]any{connection, device, dbus.ObjectPath("/")}, &active)
	}
	if err != nil {
		return fmt.Errorf("cannot start the connection %s: %w", uuid, err)
	}
	return nil
}
