// Package mdns announces the device's name on the local network through Avahi.
//
// Avahi is optional and may come, go and restart at any time. When another host
// has the wanted name, Avahi takes "name-2" by itself; this package reports that,
// and takes the wanted name back some time after the other host left.
//
// The calls go through go-avahi, on a connection of their own that lasts for one
// question: its methods take no context, so a deadline closes the connection under
// them, and its signal loop must not outlive a bus.
package mdns

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/holoplot/go-avahi"
)

// The states of the name, as Hostname1.MdnsState has them.
const (
	Absent      = "absent"
	Registering = "registering"
	Running     = "running"
	Collision   = "collision"
	Failure     = "failure"
)

const callTime = 5 * time.Second

// A Status is what Avahi announces.
type Status struct {
	Name  string // "" if Avahi is absent
	State string
}

// A Responder is the device's Avahi. Its methods may be called from several goroutines.
type Responder struct {
	conn    *dbus.Conn
	changed func()

	mu    sync.Mutex
	asked string             // the name that this Avahi was told last, "" for a new one
	pause time.Duration      // before the next look for the wanted name
	probe context.CancelFunc // ends looking for the wanted name, nil if nobody looks
}

// New returns the responder on the bus of conn. It calls changed when Set would
// give another answer than before.
func New(conn *dbus.Conn, changed func()) *Responder {
	return &Responder{conn: conn, changed: changed, pause: firstProbe}
}

// Set makes Avahi announce name and returns what it announces. Without Avahi that
// is no error.
func (r *Responder) Set(ctx context.Context, name string) (Status, error) {
	present, err := r.present(ctx)
	if err != nil || !present {
		return Status{State: Absent}, err
	}
	var status Status
	err = session(ctx, callTime, func(s server) (err error) {
		status, err = r.set(s, name)
		return err
	})
	if err != nil {
		return Status{State: Failure}, fmt.Errorf("cannot announce the name %s through Avahi: %w", name, err)
	}
	return status, nil
}

// set says what Avahi announces, and tells it name unless it knows.
func (r *Responder) set(s server, name string) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	current, err := s.GetHostName()
	if err != nil {
		return Status{}, err
	}
	switch {
	case current == name:
		r.asked = name
		r.stopProbe()
	case r.asked == name: // Avahi was told and has another name: it thinks somebody else has ours
		r.startProbe(name)
		return Status{Name: current, State: Collision}, nil
	default:
		if err := s.SetHostName(name); err != nil {
			return Status{}, err
		}
		r.asked = name
		r.stopProbe()
		if current, err = s.GetHostName(); err != nil {
			return Status{}, err
		}
	}
	state, err := s.GetState()
	if err != nil {
		return Status{}, err
	}
	if state == avahi.ServerRunning {
		r.pause = firstProbe
	}
	return Status{Name: current, State: stateName(state)}, nil
}

func stateName(state int32) string {
	switch state {
	case avahi.ServerRunning:
		return Running
	case avahi.ServerRegistering, avahi.ServerInvalid:
		return Registering
	case avahi.ServerCollision:
		return Collision
	}
	return Failure
}

// present asks the bus, which does not start Avahi.
func (r *Responder) present(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var owned bool
	err := r.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, busName).Store(&owned)
	if err != nil {
		return false, fmt.Errorf("cannot ask the bus for Avahi: %w", err)
	}
	return owned, nil
}
