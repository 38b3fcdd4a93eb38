// Code generated from io.resinos.Hostname1.xml by proto/cmd/generate. DO NOT EDIT.

// Package hostname1 is the D-Bus interface io.resinos.Hostname1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.Hostname1: the device's one name.
//
// The name comes from `hostname` in config.json, or else from the first seven characters of the device's uuid.
// It is set in the kernel (through systemd-hostnamed) and in Avahi. Reading is open to everyone on the bus;
// changing is for uid 0.
package hostname1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface               = "io.resinos.Hostname1"
	BusName                 = "io.resinos.Hostname1"
	Path                    = "/io/resinos/Hostname1"
	MethodSetHostname       = "SetHostname"
	PropertyHostname        = "Hostname"
	PropertyDesiredHostname = "DesiredHostname"
	PropertySource          = "Source"
	PropertyMdnsName        = "MdnsName"
	PropertyMdnsState       = "MdnsState"
	PropertyUuid            = "Uuid"
)

// Errors of the methods.
const (
	ErrorInvalidHostname  = "io.resinos.Hostname1.Error.InvalidHostname"
	ErrorConfigUnreadable = "io.resinos.Hostname1.Error.ConfigUnreadable"
	ErrorConfigNotWritten = "io.resinos.Hostname1.Error.ConfigNotWritten"
)

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "/io/resinos/Hostname1",
		XML: `<interface name="io.resinos.Hostname1">
    <!--
      SetHostname:
      @hostname: an RFC 1123 label, 1 to 63 of letters, digits and '-', not at either end a '-'; "" takes the key away
      @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)

      Writes ` + "`" + `hostname` + "`" + ` into config.json, safe against a power cut, then applies it. When the call returns the name is
      durable; it waits up to 900 ms for it to be in force too, and after that the property Hostname tells when it is.
    -->
    <method name="SetHostname">
      <arg name="hostname" type="s" direction="in"/>
      <arg name="options" type="a{sv}" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- InvalidHostname: not a label. ConfigUnreadable: config.json is there but does not parse, and is never
           overwritten. ConfigNotWritten: the boot partition is missing, full or read-only. -->
      <annotation name="io.resinos.Errors" value="InvalidHostname ConfigUnreadable ConfigNotWritten"/>
    </method>
    <!-- Hostname: the name in force, read back from the kernel; "" before the first read. -->
    <property name="Hostname" type="s" access="read"/>
    <!-- DesiredHostname: the name that should be in force. Differs from Hostname only while it is being applied or cannot be. -->
    <property name="DesiredHostname" type="s" access="read"/>
    <!-- Source: where DesiredHostname comes from: "config" (the key ` + "`" + `hostname` + "`" + `) or "uuid". -->
    <property name="Source" type="s" access="read"/>
    <!-- MdnsName: the name Avahi announces, without ".local"; "" when Avahi is absent. After a collision on the
         network it is the one Avahi chose, for example "name-2". -->
    <property name="MdnsName" type="s" access="read"/>
    <!-- MdnsState: "absent" (Avahi is not on the bus), "registering", "running" (announced under the wanted name),
         "collision" (another host has the wanted name; it is taken back when that host leaves), or "failure". -->
    <property name="MdnsState" type="s" access="read"/>
    <!-- Uuid: 32 lower-case hex digits, made once if config.json has none, then the same for the device's life. -->
    <property name="Uuid" type="s" access="read"/>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodSetHostname, Privileged: true,
				In:     []contract.Arg{{Name: "hostname", Type: "s"}, {Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorInvalidHostname, ErrorConfigUnreadable, ErrorConfigNotWritten},
			},
		},
		Properties: []contract.Property{
			{Name: PropertyHostname, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyDesiredHostname, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertySource, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyMdnsName, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyMdnsState, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyUuid, Type: "s", Writable: false, Privileged: true, Emits: "true"},
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

// SetHostname:
// @hostname: an RFC 1123 label, 1 to 63 of letters, digits and '-', not at either end a '-'; "" takes the key away
// @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
//
// Writes `hostname` into config.json, safe against a power cut, then applies it. When the call returns the name is
// durable; it waits up to 900 ms for it to be in force too, and after that the property Hostname tells when it is.
func (c *Client) SetHostname(ctx context.Context, hostname string, options map[string]dbus.Variant) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodSetHostname, 0, hostname, options)
	return call.Err
}

// Hostname: the name in force, read back from the kernel; "" before the first read.
func (c *Client) Hostname(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyHostname, &value)
	return value, err
}

// DesiredHostname: the name that should be in force. Differs from Hostname only while it is being applied or cannot be.
func (c *Client) DesiredHostname(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyDesiredHostname, &value)
	return value, err
}

// Source: where DesiredHostname comes from: "config" (the key `hostname`) or "uuid".
func (c *Client) Source(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertySource, &value)
	return value, err
}

// MdnsName: the name Avahi announces, without ".local"; "" when Avahi is absent. After a collision on the
// network it is the one Avahi chose, for example "name-2".
func (c *Client) MdnsName(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyMdnsName, &value)
	return value, err
}

// MdnsState: "absent" (Avahi is not on the bus), "registering", "running" (announced under the wanted name),
// "collision" (another host has the wanted name; it is taken back when that host leaves), or "failure".
func (c *Client) MdnsState(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyMdnsState, &value)
	return value, err
}

// Uuid: 32 lower-case hex digits, made once if config.json has none, then the same for the device's life.
func (c *Client) Uuid(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyUuid, &value)
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
