// Package device asks a device over the bus, as any other client would: the
// services, systemd's view of them, and who owns which name.
//
// It starts nothing: a service that does not run is told as such. No answer is
// waited for longer than two seconds.
package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/proto/log1"
	"resinos.io/proto/network1"
	"resinos.io/proto/service1"
	"resinos.io/proto/splash1"
	"resinos.io/proto/state1"
	"resinos.io/proto/update1"
)

// answerTime is how long a service has for an answer.
const answerTime = 2 * time.Second

// A Service is one daemon of resinOS.
type Service struct {
	Name    string // of the binary and, with ".service", of the unit
	BusName string
	Path    dbus.ObjectPath
	Owns    string // what it does, for a person
}

// Services returns every daemon, in the order in which they start.
func Services() []Service {
	return []Service{
		{"state-binder", state1.BusName, state1.Path, "what survives a reboot"},
		{"hostnamed-bridge", hostname1.BusName, hostname1.Path, "the device's name"},
		{"netseed", network1.BusName, network1.Path, "the network"},
		{"logctl", log1.BusName, log1.Path, "the journal"},
		{"splash-setter", splash1.BusName, splash1.Path, "the boot logo"},
		{"updater", update1.BusName, update1.Path, "updates"},
	}
}

// Unit returns the name of the service's unit.
func (s Service) Unit() string { return s.Name + ".service" }

// A Device is a device's bus.
type Device struct{ Conn *dbus.Conn }

// Values are the properties of an interface.
type Values map[string]dbus.Variant

// Value returns one property, or the zero value if it is not there or of another type.
func Value[T any](v Values, name string) T {
	var out T
	if variant, ok := v[name]; ok {
		_ = dbus.Store([]any{variant.Value()}, &out) // the zero value then
	}
	return out
}

// Get returns the properties of an interface of a service that runs.
func (d Device) Get(ctx context.Context, s Service, face string) (Values, error) {
	return d.get(ctx, s.BusName, s.Path, face)
}

func (d Device) get(ctx context.Context, busName string, path dbus.ObjectPath, face string) (Values, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	var values Values
	err := d.Conn.Object(busName, path).CallWithContext(ctx, "org.freedesktop.DBus.Properties.GetAll",
		dbus.FlagNoAutoStart, face).Store(&values)
	if err != nil {
		return nil, fmt.Errorf("cannot ask %s: %w", busName, Plain(err))
	}
	return values, nil
}

// A Report is what a service says of itself.
type Report struct {
	Service  Service
	Runs     bool // it answered
	State    string
	Version  string
	Source   string // of its configuration
	Problems []service1.Problem
	Err      error // why it did not answer
}

// Ask returns what a service says of itself.
func (d Device) Ask(ctx context.Context, s Service) Report {
	values, err := d.Get(ctx, s, service1.Interface)
	if err != nil {
		return Report{Service: s, Err: err}
	}
	return Report{
		Service: s, Runs: true,
		State:    Value[string](values, service1.PropertyState),
		Version:  Value[string](values, service1.PropertyVersion),
		Source:   Value[string](values, service1.PropertyConfigSource),
		Problems: Value[[]service1.Problem](values, service1.PropertyProblems),
	}
}

// ErrNotRunning is wrapped when nobody owns a service's name on the bus.
var ErrNotRunning = errors.New("it does not run")

// ErrNoAnswer is wrapped when a service does not answer in time.
var ErrNoAnswer = errors.New("it does not answer")

// ErrNotAllowed is wrapped when the caller's user may not do something.
var ErrNotAllowed = errors.New("only root may do that")

// Plain turns an error from the bus into one for a person.
func Plain(err error) error {
	var remote dbus.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return ErrNoAnswer
	case !errors.As(err, &remote):
		return err
	}
	switch remote.Name {
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.systemd1.NoSuchUnit", "org.freedesktop.DBus.Error.Spawn.ServiceNotFound":
		return ErrNotRunning
	case "org.freedesktop.DBus.Error.NoReply", "org.freedesktop.DBus.Error.Timeout":
		return ErrNoAnswer
	case "org.freedesktop.DBus.Error.AccessDenied":
		return fmt.Errorf("%w: %w", ErrNotAllowed, err)
	}
	return err
}
