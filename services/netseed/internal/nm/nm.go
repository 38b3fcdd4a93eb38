// Package nm is NetworkManager on the bus, as far as netseed needs it.
//
// The calls go through gonetworkmanager, whose methods take no context: each runs
// in a goroutine of its own with a deadline, one at a time, and while one hangs
// (a stopped NetworkManager) no other is begun. Not used of it: its subscriptions,
// which match no signal, and what it does not have (LoadConnections, the name
// servers, activation without a device); these are own calls, on our connection.
//
// Nothing here starts NetworkManager: ask Running first.
package nm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/Wifx/gonetworkmanager/v2"
	"github.com/godbus/dbus/v5"
)

const (
	busName     = gonetworkmanager.NetworkManagerInterface
	managerPath = dbus.ObjectPath(gonetworkmanager.NetworkManagerObjectPath)
	settings    = dbus.ObjectPath(gonetworkmanager.SettingsObjectPath)
	callTime    = 5 * time.Second
)

// ErrStuck means that an earlier call has not come back yet.
var ErrStuck = errors.New("NetworkManager does not answer")

// A Manager is the NetworkManager of the system bus. Its methods may be called
// from several goroutines.
type Manager struct {
	conn *dbus.Conn
	turn chan struct{} // holds one while a call of the library is under way
}

// New returns the NetworkManager behind conn, which is to the system bus.
func New(conn *dbus.Conn) *Manager {
	return &Manager{conn: conn, turn: make(chan struct{}, 1)}
}

// ask runs a call of the library, which may outlive ctx: then the answer is dropped.
func ask[T any](ctx context.Context, m *Manager, call func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	var none T
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return none, ErrStuck
	}
	done := make(chan answer, 1)
	go func() {
		value, err := call()
		<-m.turn
		done <- answer{value, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		return none, fmt.Errorf("%w: %w", ErrStuck, ctx.Err())
	}
}

// tell is ask for a call without an answer.
func tell(ctx context.Context, m *Manager, call func() error) error {
	_, err := ask(ctx, m, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// own makes a call that the library does not have, and stores its answer in out.
func (m *Manager) own(ctx context.Context, object dbus.ObjectPath, method string, in []any, out ...any) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return m.conn.Object(busName, object).CallWithContext(ctx, method, dbus.FlagNoAutoStart, in...).Store(out...)
}

// property reads a property of an object; value has the type of the property.
func property[T any](ctx context.Context, m *Manager, object dbus.ObjectPath, face, name string) (T, error) {
	var (
		variant dbus.Variant
		value   T
	)
	if err := m.own(ctx, object, "org.freedesktop.DBus.Properties.Get", []any{face, name}, &variant); err != nil {
		return value, fmt.Errorf("cannot read %s of %s: %w", name, object, err)
	}
	if err := variant.Store(&value); err != nil {
		return value, fmt.Errorf("cannot read %s of %s: %w", name, object, err)
	}
	return value, nil
}

// Running asks the bus, which does not start NetworkManager.
func (m *Manager) Running(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var owned bool
	err := m.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, busName).Store(&owned)
	if err != nil {
		return false, fmt.Errorf("cannot ask the bus for NetworkManager: %w", err)
	}
	return owned, nil
}

// Reload makes NetworkManager read its configuration again, not its connections.
func (m *Manager) Reload(ctx context.Context) error {
	const configuration = 0x1 // NM_MANAGER_RELOAD_FLAG_CONF
	err := tell(ctx, m, func() error {
		manager, err := gonetworkmanager.NewNetworkManager()
		if err != nil {
			return err
		}
		return manager.Reload(configuration)
	})
	if err != nil {
		return fmt.Errorf("cannot make NetworkManager read its configuration: %w", err)
	}
	return nil
}

// Load makes NetworkManager read connection files that came, changed or went, by
// absolute path, and returns those that it did not take.
func (m *Manager) Load(ctx context.Context, files []string) (failed []string, err error) {
	var all bool
	err = m.own(ctx, settings, gonetworkmanager.SettingsInterface+".LoadConnections", []any{files}, &all, &failed)
	if err != nil {
		return nil, fmt.Errorf("cannot make NetworkManager load connections: %w", err)
	}
	return failed, nil
}
