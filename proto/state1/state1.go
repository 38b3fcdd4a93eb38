// Code generated from io.resinos.State1.xml by proto/cmd/generate. DO NOT EDIT.

// Package state1 is the D-Bus interface io.resinos.State1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.State1: what survives a reboot, and how to get rid of it.
//
// The paths declared in /usr/lib/state-binder.d and /etc/state-binder.d are bound over the read-only root early at
// boot, before this object exists. Here it is told what became of them, how much room they take, and a purge can be
// asked for. Reading is open to everyone on the bus; changing is for uid 0.
package state1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface              = "io.resinos.State1"
	BusName                = "io.resinos.State1"
	Path                   = "/io/resinos/State1"
	MethodPurge            = "Purge"
	MethodCancelPurge      = "CancelPurge"
	PropertyBinds          = "Binds"
	PropertyStore          = "Store"
	PropertyPartitionSize  = "PartitionSize"
	PropertyPartitionUsed  = "PartitionUsed"
	PropertyDataSize       = "DataSize"
	PropertyDataUsed       = "DataUsed"
	PropertyUsage          = "Usage"
	PropertyPurgePending   = "PurgePending"
	PropertyPurgeProgress  = "PurgeProgress"
	PropertyPurgeRemaining = "PurgeRemaining"
)

// Errors of the methods.
const (
	ErrorInvalidScope = "io.resinos.State1.Error.InvalidScope"
	ErrorNotStored    = "io.resinos.State1.Error.NotStored"
	ErrorNotCancelled = "io.resinos.State1.Error.NotCancelled"
)

// Bind is a struct on the bus, with its members in their order there.
type Bind struct {
	Target string
	Source string
	Kind   string
	Active bool
}

// Usage is a struct on the bus, with its members in their order there.
type Usage struct {
	Component string
	Partition string
	Bytes     uint64
}

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "/io/resinos/State1",
		XML: `<interface name="io.resinos.State1">
    <!--
      Purge:
      @scope: "state" (settings, keys and what the system's programs keep), "data" (containers, images, volumes, the persistent journal) or "all"
      @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)

      Asks for everything in the scope to be gone at the next boot. When the call returns the request is durable; nothing
      is touched and nothing is rebooted by it. A second request is added to the first. config.json and the device's
      identity (uuid) stay; the machine id is made anew.
    -->
    <method name="Purge">
      <arg name="scope" type="s" direction="in"/>
      <arg name="options" type="a{sv}" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- InvalidScope: none of the three words. NotStored: the request cannot be made durable, because the state
           partition is missing, full or read-only. -->
      <annotation name="io.resinos.Errors" value="InvalidScope NotStored"/>
    </method>
    <!--
      CancelPurge:

      Takes every request for a purge back, those by files on the boot partition too. When the call returns that is
      durable. No error if nothing was asked for. A purge that was carried out at a boot cannot be taken back.
    -->
    <method name="CancelPurge">
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- NotCancelled: the state or the boot partition cannot be written; the purge may still happen, see PurgePending. -->
      <annotation name="io.resinos.Errors" value="NotCancelled"/>
    </method>
    <!-- Binds: every declared path. target: the path in the root; source: what should be bound there, on the partition or,
         when that cannot be used, in memory; kind: "directory" or "file"; active: it is bound, as read back. -->
    <property name="Binds" type="a(sssb)" access="read">
      <annotation name="io.resinos.Struct" value="Bind Target Source Kind Active"/>
    </property>
    <!-- Store: where state is kept: "partition", "recreated" (the partition could not be saved and was made anew at this
         boot) or "memory" (it cannot be used: nothing of this boot's state survives). -->
    <property name="Store" type="s" access="read"/>
    <!-- PartitionSize: room on the state partition for programs, in bytes; 0 if it is not there. -->
    <property name="PartitionSize" type="t" access="read"/>
    <!-- PartitionUsed: how much of PartitionSize is taken, in bytes. This and the sizes below are read again at each
         Reconcile, and about every two minutes when something changed by more than a megabyte. -->
    <property name="PartitionUsed" type="t" access="read"/>
    <!-- DataSize: room on the data partition for programs, in bytes; 0 if it is not there. -->
    <property name="DataSize" type="t" access="read"/>
    <!-- DataUsed: how much of DataSize is taken, in bytes. -->
    <property name="DataUsed" type="t" access="read"/>
    <!-- Usage: how much each component takes, in bytes on disk. component: the declaration's file name without ".conf";
         partition: "state" or "data". Measured in the background, at start, at each Reconcile and when a partition becomes
         nearly full. -->
    <property name="Usage" type="a(sst)" access="read">
      <annotation name="io.resinos.Struct" value="Usage Component Partition Bytes"/>
    </property>
    <!-- PurgePending: what the next boot will purge: "", "state", "data" or "all". -->
    <property name="PurgePending" type="s" access="read"/>
    <!-- PurgeProgress: percent of what the last purge took away that is deleted by now, 100 if nothing is left; counted
         anew when the daemon restarts. The device is in use meanwhile; only the room is not all free yet. -->
    <property name="PurgeProgress" type="u" access="read"/>
    <!-- PurgeRemaining: bytes that are still to be deleted; 0 also while they are being counted. -->
    <property name="PurgeRemaining" type="t" access="read"/>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodPurge, Privileged: true,
				In:     []contract.Arg{{Name: "scope", Type: "s"}, {Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorInvalidScope, ErrorNotStored},
			},
			{
				Name: MethodCancelPurge, Privileged: true,
				In:     []contract.Arg{},
				Out:    []contract.Arg{},
				Errors: []string{ErrorNotCancelled},
			},
		},
		Properties: []contract.Property{
			{Name: PropertyBinds, Type: "a(sssb)", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyStore, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyPartitionSize, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyPartitionUsed, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyDataSize, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyDataUsed, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyUsage, Type: "a(sst)", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyPurgePending, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyPurgeProgress, Type: "u", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyPurgeRemaining, Type: "t", Writable: false, Privileged: true, Emits: "true"},
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

// Purge:
// @scope: "state" (settings, keys and what the system's programs keep), "data" (containers, images, volumes, the persistent journal) or "all"
// @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
//
// Asks for everything in the scope to be gone at the next boot. When the call returns the request is durable; nothing
// is touched and nothing is rebooted by it. A second request is added to the first. config.json and the device's
// identity (uuid) stay; the machine id is made anew.
func (c *Client) Purge(ctx context.Context, scope string, options map[string]dbus.Variant) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodPurge, 0, scope, options)
	return call.Err
}

// CancelPurge:
//
// Takes every request for a purge back, those by files on the boot partition too. When the call returns that is
// durable. No error if nothing was asked for. A purge that was carried out at a boot cannot be taken back.
func (c *Client) CancelPurge(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodCancelPurge, 0)
	return call.Err
}

// Binds: every declared path. target: the path in the root; source: what should be bound there, on the partition or,
// when that cannot be used, in memory; kind: "directory" or "file"; active: it is bound, as read back.
func (c *Client) Binds(ctx context.Context) (value []Bind, err error) {
	err = c.get(ctx, PropertyBinds, &value)
	return value, err
}

// Store: where state is kept: "partition", "recreated" (the partition could not be saved and was made anew at this
// boot) or "memory" (it cannot be used: nothing of this boot's state survives).
func (c *Client) Store(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyStore, &value)
	return value, err
}

// PartitionSize: room on the state partition for programs, in bytes; 0 if it is not there.
func (c *Client) PartitionSize(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyPartitionSize, &value)
	return value, err
}

// PartitionUsed: how much of PartitionSize is taken, in bytes. This and the sizes below are read again at each
// Reconcile, and about every two minutes when something changed by more than a megabyte.
func (c *Client) PartitionUsed(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyPartitionUsed, &value)
	return value, err
}

// DataSize: room on the data partition for programs, in bytes; 0 if it is not there.
func (c *Client) DataSize(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyDataSize, &value)
	return value, err
}

// DataUsed: how much of DataSize is taken, in bytes.
func (c *Client) DataUsed(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyDataUsed, &value)
	return value, err
}

// Usage: how much each component takes, in bytes on disk. component: the declaration's file name without ".conf";
// partition: "state" or "data". Measured in the background, at start, at each Reconcile and when a partition becomes
// nearly full.
func (c *Client) Usage(ctx context.Context) (value []Usage, err error) {
	err = c.get(ctx, PropertyUsage, &value)
	return value, err
}

// PurgePending: what the next boot will purge: "", "state", "data" or "all".
func (c *Client) PurgePending(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyPurgePending, &value)
	return value, err
}

// PurgeProgress: percent of what the last purge took away that is deleted by now, 100 if nothing is left; counted
// anew when the daemon restarts. The device is in use meanwhile; only the room is not all free yet.
func (c *Client) PurgeProgress(ctx context.Context) (value uint32, err error) {
	err = c.get(ctx, PropertyPurgeProgress, &value)
	return value, err
}

// PurgeRemaining: bytes that are still to be deleted; 0 also while they are being counted.
func (c *Client) PurgeRemaining(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyPurgeRemaining, &value)
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
