// Code generated from io.resinos.Splash1.xml by proto/cmd/generate. DO NOT EDIT.

// Package splash1 is the D-Bus interface io.resinos.Splash1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.Splash1: the picture on the screen.
//
// `splash/resin-logo.png` on the boot partition is what Plymouth shows, from early boot on and again at shutdown. It
// is checked before Plymouth sees it; one that is not good leaves the built-in logo on the screen and a problem on the
// bus. Reading is open to everyone on the bus; changing is for uid 0.
package splash1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface       = "io.resinos.Splash1"
	BusName         = "io.resinos.Splash1"
	Path            = "/io/resinos/Splash1"
	MethodSetLogo   = "SetLogo"
	MethodResetLogo = "ResetLogo"
	PropertySource  = "Source"
	PropertyWidth   = "Width"
	PropertyHeight  = "Height"
	PropertyProblem = "Problem"
)

// Errors of the methods.
const (
	ErrorInvalidLogo = "io.resinos.Splash1.Error.InvalidLogo"
	ErrorTooLarge    = "io.resinos.Splash1.Error.TooLarge"
	ErrorUnreadable  = "io.resinos.Splash1.Error.Unreadable"
	ErrorNotWritten  = "io.resinos.Splash1.Error.NotWritten"
)

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "/io/resinos/Splash1",
		XML: `<interface name="io.resinos.Splash1">
    <!--
      SetLogo:
      @png: a file descriptor open for reading, a regular file or a pipe; read from where it stands to its end, within two seconds
      @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)

      Checks the picture, writes it to the boot partition, safe against a power cut, and shows it where the splash is on
      the screen. At most 4 MiB, 4096 pixels each way and 9 million pixels in all (3840 x 2160 fits). When the call returns
      the picture is durable; it waits up to 900 ms for it to be in force too.
    -->
    <method name="SetLogo">
      <arg name="png" type="h" direction="in"/>
      <arg name="options" type="a{sv}" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- InvalidLogo: not a whole, sound PNG. TooLarge: more bytes or pixels than allowed. Unreadable: the descriptor is neither
           a regular file nor a pipe, or cannot be read in time. NotWritten: the boot partition is missing, full or read-only. -->
      <annotation name="io.resinos.Errors" value="InvalidLogo TooLarge Unreadable NotWritten"/>
    </method>
    <!--
      ResetLogo:

      Removes ` + "`" + `splash/resin-logo.png` + "`" + ` from the boot partition and shows the built-in logo. Nothing to remove is no error.
    -->
    <method name="ResetLogo">
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- NotWritten: the boot partition is read-only or cannot be written. -->
      <annotation name="io.resinos.Errors" value="NotWritten"/>
    </method>
    <!-- Source: which logo Plymouth shows or will show: "custom" (the one on the boot partition) or "default" (the built-in one). -->
    <property name="Source" type="s" access="read"/>
    <!-- Width: of that logo in pixels, before it is scaled to the screen. 0 before the first read. -->
    <property name="Width" type="u" access="read"/>
    <!-- Height: of that logo in pixels, before it is scaled to the screen. 0 before the first read. -->
    <property name="Height" type="u" access="read"/>
    <!-- Problem: why the logo on the boot partition is not shown; "" if it is, or if there is none. -->
    <property name="Problem" type="s" access="read"/>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodSetLogo, Privileged: true,
				In:     []contract.Arg{{Name: "png", Type: "h"}, {Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorInvalidLogo, ErrorTooLarge, ErrorUnreadable, ErrorNotWritten},
			},
			{
				Name: MethodResetLogo, Privileged: true,
				In:     []contract.Arg{},
				Out:    []contract.Arg{},
				Errors: []string{ErrorNotWritten},
			},
		},
		Properties: []contract.Property{
			{Name: PropertySource, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyWidth, Type: "u", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyHeight, Type: "u", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyProblem, Type: "s", Writable: false, Privileged: true, Emits: "true"},
		},
	}
}

// callTimeout bounds every call whose context has no earlier deadline.
const callTimeout = 10 * time.Second

// A Client talks to one object that has the interface. It may be used by several
// goroutines. It does not subscribe to signals.
type Client struct {
	object dbus.BusObject
}

// NewClient returns a client of the service that owns BusName.
func NewClient(conn *dbus.Conn) *Client {
	return &Client{object: conn.Object(BusName, Path)}
}

// SetLogo:
// @png: a file descriptor open for reading, a regular file or a pipe; read from where it stands to its end, within two seconds
// @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
//
// Checks the picture, writes it to the boot partition, safe against a power cut, and shows it where the splash is on
// the screen. At most 4 MiB, 4096 pixels each way and 9 million pixels in all (3840 x 2160 fits). When the call returns
// the picture is durable; it waits up to 900 ms for it to be in force too.
func (c *Client) SetLogo(ctx context.Context, png dbus.UnixFD, options map[string]dbus.Variant) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodSetLogo, 0, png, options)
	return call.Err
}

// ResetLogo:
//
// Removes `splash/resin-logo.png` from the boot partition and shows the built-in logo. Nothing to remove is no error.
func (c *Client) ResetLogo(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodResetLogo, 0)
	return call.Err
}

// Source: which logo Plymouth shows or will show: "custom" (the one on the boot partition) or "default" (the built-in one).
func (c *Client) Source(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertySource, &value)
	return value, err
}

// Width: of that logo in pixels, before it is scaled to the screen. 0 before the first read.
func (c *Client) Width(ctx context.Context) (value uint32, err error) {
	err = c.get(ctx, PropertyWidth, &value)
	return value, err
}

// Height: of that logo in pixels, before it is scaled to the screen. 0 before the first read.
func (c *Client) Height(ctx context.Context) (value uint32, err error) {
	err = c.get(ctx, PropertyHeight, &value)
	return value, err
}

// Problem: why the logo on the boot partition is not shown; "" if it is, or if there is none.
func (c *Client) Problem(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyProblem, &value)
	return value, err
}

func (c *Client) get(ctx context.Context, name string, value any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	var variant dbus.Variant
	call := c.object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Get", 0, Interface, name)
	if err := call.Store(&variant); err != nil {
		return err
	}
	return dbus.Store([]any{variant.Value()}, value)
}
