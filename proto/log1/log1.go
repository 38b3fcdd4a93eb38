// Code generated from io.resinos.Log1.xml by proto/cmd/generate. DO NOT EDIT.

// Package log1 is the D-Bus interface io.resinos.Log1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.Log1: where the journal is kept, and how much of it.
//
// By default the journal is in RAM and no line is written to flash. With `persistentLogging` in config.json it is on the
// data partition. A switch takes effect at once, in both directions, and loses no line. Reading is open to everyone on
// the bus; changing is for uid 0.
package log1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface                 = "io.resinos.Log1"
	BusName                   = "io.resinos.Log1"
	Path                      = "/io/resinos/Log1"
	MethodSetPersistent       = "SetPersistent"
	MethodVacuum              = "Vacuum"
	MethodFlush               = "Flush"
	PropertyPersistent        = "Persistent"
	PropertyDesiredPersistent = "DesiredPersistent"
	PropertyRuntimeMaxUse     = "RuntimeMaxUse"
	PropertySystemMaxUse      = "SystemMaxUse"
	PropertyDiskUsage         = "DiskUsage"
)

// Errors of the methods.
const (
	ErrorConfigUnreadable   = "io.resinos.Log1.Error.ConfigUnreadable"
	ErrorConfigNotWritten   = "io.resinos.Log1.Error.ConfigNotWritten"
	ErrorJournalUnavailable = "io.resinos.Log1.Error.JournalUnavailable"
	ErrorNotRemoved         = "io.resinos.Log1.Error.NotRemoved"
	ErrorNotPersistent      = "io.resinos.Log1.Error.NotPersistent"
)

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "/io/resinos/Log1",
		XML: `<interface name="io.resinos.Log1">
    <!--
      SetPersistent:
      @persistent: true keeps the journal over reboots, false keeps it in RAM
      @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)

      Writes ` + "`" + `persistentLogging` + "`" + ` into config.json, safe against a power cut, then applies it. When the call returns the
      setting is durable; it waits up to 900 ms for it to be in force too, and after that the property Persistent tells
      when it is. If it cannot be, Problems of io.resinos.Service1 says why.
    -->
    <method name="SetPersistent">
      <arg name="persistent" type="b" direction="in"/>
      <arg name="options" type="a{sv}" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- ConfigUnreadable: config.json is there but does not parse, and is never overwritten.
           ConfigNotWritten: the boot partition is missing, full or read-only. -->
      <annotation name="io.resinos.Errors" value="ConfigUnreadable ConfigNotWritten"/>
    </method>
    <!--
      Vacuum:
      @bytes: how much of the data partition the journal may take afterwards, in bytes; 0 removes all that can be removed
      @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
      @freed: bytes on the data partition that the removed files took, to the block

      Removes journal files from the data partition, oldest first, until it takes at most that much. While the journal is
      persistent the file that is being written stays, after its content was moved to an archived one; while it is in RAM
      every file may go. The journal in RAM is not touched.
    -->
    <method name="Vacuum">
      <arg name="bytes" type="t" direction="in"/>
      <arg name="options" type="a{sv}" direction="in"/>
      <arg name="freed" type="t" direction="out"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- JournalUnavailable: journald does not answer. NotRemoved: a file cannot be listed or removed. -->
      <annotation name="io.resinos.Errors" value="JournalUnavailable NotRemoved"/>
    </method>
    <!--
      Flush: returns when every line that was logged before the call is on the data partition and survives a power cut.
    -->
    <method name="Flush">
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- JournalUnavailable: journald does not answer. NotPersistent: the journal is in RAM, so nothing survives. -->
      <annotation name="io.resinos.Errors" value="JournalUnavailable NotPersistent"/>
    </method>
    <!-- Persistent: journald writes to the data partition, read back from what it does. -->
    <property name="Persistent" type="b" access="read"/>
    <!-- DesiredPersistent: what config.json asks for. Differs from Persistent only while it is being applied or cannot be. -->
    <property name="DesiredPersistent" type="b" access="read"/>
    <!-- RuntimeMaxUse: bytes the journal may take in RAM, as journald was told when it last started. -->
    <property name="RuntimeMaxUse" type="t" access="read"/>
    <!-- SystemMaxUse: bytes the journal may take on the data partition, as journald was told when it last started;
         0 = journald's own default, a tenth of the partition and at most 4 GiB. -->
    <property name="SystemMaxUse" type="t" access="read"/>
    <!-- DiskUsage: bytes that journal files take on the data partition, counted in blocks as ` + "`" + `du` + "`" + ` does, measured when it
         is read; without the partition 0. -->
    <property name="DiskUsage" type="t" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>
    </property>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodSetPersistent, Privileged: true,
				In:     []contract.Arg{{Name: "persistent", Type: "b"}, {Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorConfigUnreadable, ErrorConfigNotWritten},
			},
			{
				Name: MethodVacuum, Privileged: true,
				In:     []contract.Arg{{Name: "bytes", Type: "t"}, {Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{{Name: "freed", Type: "t"}},
				Errors: []string{ErrorJournalUnavailable, ErrorNotRemoved},
			},
			{
				Name: MethodFlush, Privileged: true,
				In:     []contract.Arg{},
				Out:    []contract.Arg{},
				Errors: []string{ErrorJournalUnavailable, ErrorNotPersistent},
			},
		},
		Properties: []contract.Property{
			{Name: PropertyPersistent, Type: "b", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyDesiredPersistent, Type: "b", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyRuntimeMaxUse, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertySystemMaxUse, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyDiskUsage, Type: "t", Writable: false, Privileged: true, Emits: "false"},
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

// SetPersistent:
// @persistent: true keeps the journal over reboots, false keeps it in RAM
// @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
//
// Writes `persistentLogging` into config.json, safe against a power cut, then applies it. When the call returns the
// setting is durable; it waits up to 900 ms for it to be in force too, and after that the property Persistent tells
// when it is. If it cannot be, Problems of io.resinos.Service1 says why.
func (c *Client) SetPersistent(ctx context.Context, persistent bool, options map[string]dbus.Variant) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodSetPersistent, 0, persistent, options)
	return call.Err
}

// Vacuum:
// @bytes: how much of the data partition the journal may take afterwards, in bytes; 0 removes all that can be removed
// @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
// @freed: bytes on the data partition that the removed files took, to the block
//
// Removes journal files from the data partition, oldest first, until it takes at most that much. While the journal is
// persistent the file that is being written stays, after its content was moved to an archived one; while it is in RAM
// every file may go. The journal in RAM is not touched.
func (c *Client) Vacuum(ctx context.Context, bytes uint64, options map[string]dbus.Variant) (freed uint64, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodVacuum, 0, bytes, options)
	err = call.Store(&freed)
	return freed, err
}

// Flush: returns when every line that was logged before the call is on the data partition and survives a power cut.
func (c *Client) Flush(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodFlush, 0)
	return call.Err
}

// Persistent: journald writes to the data partition, read back from what it does.
func (c *Client) Persistent(ctx context.Context) (value bool, err error) {
	err = c.get(ctx, PropertyPersistent, &value)
	return value, err
}

// DesiredPersistent: what config.json asks for. Differs from Persistent only while it is being applied or cannot be.
func (c *Client) DesiredPersistent(ctx context.Context) (value bool, err error) {
	err = c.get(ctx, PropertyDesiredPersistent, &value)
	return value, err
}

// RuntimeMaxUse: bytes the journal may take in RAM, as journald was told when it last started.
func (c *Client) RuntimeMaxUse(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyRuntimeMaxUse, &value)
	return value, err
}

// SystemMaxUse: bytes the journal may take on the data partition, as journald was told when it last started;
// 0 = journald's own default, a tenth of the partition and at most 4 GiB.
func (c *Client) SystemMaxUse(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertySystemMaxUse, &value)
	return value, err
}

// DiskUsage: bytes that journal files take on the data partition, counted in blocks as `du` does, measured when it
// is read; without the partition 0.
func (c *Client) DiskUsage(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyDiskUsage, &value)
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
