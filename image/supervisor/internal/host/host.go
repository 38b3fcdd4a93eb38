// Package host is the device as the supervisor sees it: the resinOS services over
// D-Bus, through the clients made from the contract. A service that is absent makes
// its part of the answer empty, never the whole answer an error.
package host

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/proto/state1"
	"resinos.io/proto/update1"
	"resinos.io/proto/update1job"
)

// callTime bounds one question to the bus.
const callTime = 5 * time.Second

// A Device is what GET /v1/device tells.
type Device struct {
	Name             string   `json:"device_name"`
	UUID             string   `json:"uuid"`
	OSVersion        string   `json:"os_version"`
	Addresses        []string `json:"ip_address"`
	AvailableVersion string   `json:"available_version"`
	UpdatePending    bool     `json:"update_pending"` // installed or on trial, not yet good
	Update           *Update  `json:"update"`         // the last install, nil if there is none
	LastRollback     string   `json:"last_rollback_reason"`
	PurgePending     string   `json:"purge_pending"`
}

// An Update is an install under way or just ended.
type Update struct {
	State    string `json:"state"`
	Progress uint32 `json:"progress"` // percent
	Message  string `json:"message"`
}

// A Host is the device behind a connection to its bus.
type Host struct {
	Conn *dbus.Conn
	Held func() (string, error) // the update lock that is held, "" for none
}

// ErrLocked means that an application holds an update lock.
var ErrLocked = errors.New("an application holds an update lock")

// Describe asks all services.
func (h Host) Describe(ctx context.Context) Device {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	name, update, state := hostname1.NewClient(h.Conn), update1.NewClient(h.Conn), state1.NewClient(h.Conn)
	d := Device{
		Name: or(name.Hostname(ctx)), UUID: or(name.Uuid(ctx)), Addresses: addresses(),
		OSVersion: or(update.CurrentVersion(ctx)), AvailableVersion: or(update.AvailableVersion(ctx)),
		UpdatePending: or(update.TryPending(ctx)), LastRollback: or(update.LastRollbackReason(ctx)),
		PurgePending: or(state.PurgePending(ctx)),
	}
	if path := or(update.ActiveJob(ctx)); path != "" && path != "/" {
		job := update1job.NewClient(h.Conn, update1.BusName, path)
		if state, err := job.State(ctx); err == nil {
			d.Update = &Update{state, or(job.Progress(ctx)), or(job.Message(ctx))}
		}
	}
	return d
}

// or returns the value that was read, or the empty one if it could not be.
func or[T any](value T, err error) T {
	if err != nil {
		var empty T
		return empty
	}
	return value
}

// addresses returns those by which the device is reached, without loopback and
// link-local ones.
func addresses() []string {
	out := []string{}
	all, _ := net.InterfaceAddrs() // none is an answer too
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
			out = append(out, ip.IP.String())
		}
	}
	return out
}

// Reboot reboots the device. Without force it is refused while an application
// holds an update lock.
func (h Host) Reboot(ctx context.Context, force bool) error {
	return update1.NewClient(h.Conn).Reboot(ctx, options("force", force))
}

// Shutdown powers the device off, without force not while an application holds an
// update lock.
func (h Host) Shutdown(ctx context.Context, force bool) error {
	if held, err := h.Held(); !force && (err != nil || held != "") {
		return errors.Join(err, fmt.Errorf("cannot power off: %w: %s", ErrLocked, held))
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	login := h.Conn.Object("org.freedesktop.login1", "/org/freedesktop/login1")
	if err := login.CallWithContext(ctx, "org.freedesktop.login1.Manager.PowerOff", 0, false).Err; err != nil {
		return fmt.Errorf("cannot power off: %w", err)
	}
	return nil
}

// Update starts an install from the device's own repository and returns its job.
func (h Host) Update(ctx context.Context) (string, error) {
	job, err := update1.NewClient(h.Conn).Install(ctx, "", map[string]dbus.Variant{})
	return string(job), err
}

// Purge asks for scope, "state", "data" or "all", to be gone at the next boot.
func (h Host) Purge(ctx context.Context, scope string) error {
	return state1.NewClient(h.Conn).Purge(ctx, scope, map[string]dbus.Variant{})
}

// SetHostname gives the device a name.
func (h Host) SetHostname(ctx context.Context, name string) error {
	return hostname1.NewClient(h.Conn).SetHostname(ctx, name, map[string]dbus.Variant{})
}

func options(key string, on bool) map[string]dbus.Variant {
	if !on {
		return map[string]dbus.Variant{}
	}
	return map[string]dbus.Variant{key: dbus.MakeVariant(true)}
}
