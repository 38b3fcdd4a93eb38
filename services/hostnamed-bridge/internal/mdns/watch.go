package mdns

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

const busName = "org.freedesktop.Avahi"

// Watch makes the responder notice Avahi's coming and going and its renames,
// until ctx or the connection ends. It returns at once.
func (r *Responder) Watch(ctx context.Context) error {
	rules := []string{
		"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" + busName + "'",
		"type='signal',sender='" + busName + "',interface='org.freedesktop.Avahi.Server',member='StateChanged'",
	}
	for _, rule := range rules {
		if err := r.addMatch(ctx, rule); err != nil {
			return fmt.Errorf("cannot watch Avahi: %w", err)
		}
	}
	signals := make(chan *dbus.Signal, 8)
	r.conn.Signal(signals)
	go func() {
		for signal := range signals { // closed with the connection
			r.notice(signal)
		}
	}()
	return nil
}

func (r *Responder) addMatch(ctx context.Context, rule string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return r.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.AddMatch", 0, rule).Err
}

func (r *Responder) notice(signal *dbus.Signal) {
	switch signal.Name {
	case "org.freedesktop.DBus.NameOwnerChanged":
		if len(signal.Body) != 3 || signal.Body[0] != busName {
			return
		}
		r.forget()
		r.changed()
	case "org.freedesktop.Avahi.Server.StateChanged":
		r.changed()
	}
}

// forget makes the next Set tell Avahi the name again.
func (r *Responder) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = ""
	r.stopProbe()
}
