package nm

import (
	"context"
	"fmt"
	"strings"

	"github.com/godbus/dbus/v5"
)

// Watch calls changed, from a goroutine of its own, when NetworkManager comes or
// goes, and after each change of what Status, NameServers, TimeServers or Devices
// would say, until the connection ends. It returns at once. What changes all the
// time (signal strengths, counters) is not listened to.
func (m *Manager) Watch(ctx context.Context, changed func()) error {
	rules := []string{"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" + busName + "'"}
	for _, face := range []string{busName, activeFace, dhcp4Face, dhcp6Face, dnsFace} {
		rules = append(rules, "type='signal',sender='"+busName+"',interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',arg0='"+face+"'")
	}
	for _, rule := range rules {
		if err := m.addMatch(ctx, rule); err != nil {
			return fmt.Errorf("cannot watch NetworkManager: %w", err)
		}
	}
	signals := make(chan *dbus.Signal, 16)
	m.conn.Signal(signals)
	go func() {
		for signal := range signals { // closed with the connection
			if concerns(signal) {
				changed()
			}
		}
	}()
	return nil
}

func (m *Manager) addMatch(ctx context.Context, rule string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return m.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.AddMatch", 0, rule).Err
}

// concerns tells our signals from the others on the connection.
func concerns(signal *dbus.Signal) bool {
	switch signal.Name {
	case "org.freedesktop.DBus.NameOwnerChanged":
		return len(signal.Body) == 3 && signal.Body[0] == busName
	case "org.freedesktop.DBus.Properties.PropertiesChanged":
		return strings.HasPrefix(string(signal.Path), string(managerPath))
	}
	return false
}
