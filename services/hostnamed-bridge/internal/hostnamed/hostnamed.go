// Package hostnamed sets the system's name through systemd-hostnamed
// (org.freedesktop.hostname1, man org.freedesktop.hostname1).
//
// On a read-only root there is no /etc/hostname, and the name is hostnamed's
// transient one. Where a static name exists it has to be changed instead, because
// hostnamed answers success to a transient name and does nothing. That is also why
// success is believed only after the kernel's name was read back.
package hostnamed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	face     = "org.freedesktop.hostname1"
	callTime = 10 * time.Second // hostnamed is started by the first call
)

// ErrNotApplied is wrapped when hostnamed reported success and the kernel has another name.
var ErrNotApplied = errors.New("the kernel has another name")

// A Kernel tells the name in force.
type Kernel interface {
	Read() (string, error)
}

// A Host is the system whose name is set.
type Host struct {
	object dbus.BusObject
	kernel Kernel
}

// New returns the host behind the bus of conn.
func New(conn *dbus.Conn, kernel Kernel) *Host {
	return &Host{object: conn.Object(face, "/org/freedesktop/hostname1"), kernel: kernel}
}

// Set makes name the system's name, if it is not already, and returns the name
// that the kernel has then, also beside an error.
func (h *Host) Set(ctx context.Context, name string) (inForce string, err error) {
	inForce, err = h.kernel.Read()
	if err != nil || inForce == name {
		return inForce, err
	}
	if err := h.call(ctx, name); err != nil {
		return inForce, err
	}
	if inForce, err = h.kernel.Read(); err != nil {
		return inForce, err
	}
	if inForce != name {
		return inForce, fmt.Errorf("cannot set the name %s: systemd-hostnamed agreed, but %w: %s", name, ErrNotApplied, inForce)
	}
	return inForce, nil
}

func (h *Host) call(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	method := "SetHostname"
	if static, err := h.static(ctx); err != nil {
		return err
	} else if static != "" {
		method = "SetStaticHostname"
	}
	if err := h.object.CallWithContext(ctx, face+"."+method, 0, name, false).Err; err != nil {
		return fmt.Errorf("cannot set the name %s through systemd-hostnamed (%s): %w", name, method, err)
	}
	return nil
}

func (h *Host) static(ctx context.Context) (string, error) {
	var value dbus.Variant
	call := h.object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, face, "StaticHostname")
	if err := call.Store(&value); err != nil {
		return "", fmt.Errorf("cannot ask systemd-hostnamed for the static name: %w", err)
	}
	name, _ := value.Value().(string)
	return name, nil
}
