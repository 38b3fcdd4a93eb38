// Code generated from org.freedesktop.LogControl1.xml by proto/cmd/generate. DO NOT EDIT.

// Package logcontrol1 is the D-Bus interface org.freedesktop.LogControl1 as Go: its names, its
// contract and a typed client.
//
// org.freedesktop.LogControl1, as systemd defines it (man org.freedesktop.LogControl1): what
// `systemctl service-log-level UNIT [LEVEL]` talks to. Every daemon serves it at /org/freedesktop/LogControl1.
package logcontrol1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface                = "org.freedesktop.LogControl1"
	PropertyLogLevel         = "LogLevel"
	PropertyLogTarget        = "LogTarget"
	PropertySyslogIdentifier = "SyslogIdentifier"
)

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "",
		XML: `<interface name="org.freedesktop.LogControl1">
    <!-- LogLevel: "emerg" to "debug". This project logs at err, warning, info and debug; the others are rounded to these. -->
    <property name="LogLevel" type="s" access="readwrite">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
    </property>
    <!-- LogTarget: always "journal": where it really goes is the choice of StandardError= in the unit. Writing anything else is refused. -->
    <property name="LogTarget" type="s" access="readwrite">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
    </property>
    <!-- SyslogIdentifier: the name in the journal, for ` + "`" + `journalctl -t` + "`" + `. -->
    <property name="SyslogIdentifier" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>
    </property>
  </interface>`,
		Properties: []contract.Property{
			{Name: PropertyLogLevel, Type: "s", Writable: true, Privileged: true, Emits: "false"},
			{Name: PropertyLogTarget, Type: "s", Writable: true, Privileged: true, Emits: "false"},
			{Name: PropertySyslogIdentifier, Type: "s", Writable: false, Privileged: true, Emits: "false"},
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

// NewClient returns a client of the object at path of the service busName.
func NewClient(conn *dbus.Conn, busName string, path dbus.ObjectPath) *Client {
	return &Client{object: conn.Object(busName, path)}
}

// LogLevel: "emerg" to "debug". This project logs at err, warning, info and debug; the others are rounded to these.
func (c *Client) LogLevel(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyLogLevel, &value)
	return value, err
}

// SetLogLevel writes the property LogLevel.
func (c *Client) SetLogLevel(ctx context.Context, value string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return c.object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Set", 0,
		Interface, PropertyLogLevel, dbus.MakeVariant(value)).Err
}

// LogTarget: always "journal": where it really goes is the choice of StandardError= in the unit. Writing anything else is refused.
func (c *Client) LogTarget(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyLogTarget, &value)
	return value, err
}

// SetLogTarget writes the property LogTarget.
func (c *Client) SetLogTarget(ctx context.Context, value string) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return c.object.CallWithContext(ctx, "org.freedesktop.DBus.Properties.Set", 0,
		Interface, PropertyLogTarget, dbus.MakeVariant(value)).Err
}

// SyslogIdentifier: the name in the journal, for `journalctl -t`.
func (c *Client) SyslogIdentifier(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertySyslogIdentifier, &value)
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
