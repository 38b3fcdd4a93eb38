// Code generated from io.resinos.Service1.xml by proto/cmd/generate. DO NOT EDIT.

// Package service1 is the D-Bus interface io.resinos.Service1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.Service1: what every resinOS daemon says of itself, on its own object, beside its own interface.
package service1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface            = "io.resinos.Service1"
	MethodReconcile      = "Reconcile"
	PropertyVersion      = "Version"
	PropertyState        = "State"
	PropertyProblems     = "Problems"
	PropertyConfigSource = "ConfigSource"
	PropertyAppliedAt    = "AppliedAt"
)

// Problem is a struct on the bus, with its members in their order there.
type Problem struct {
	What string
	Why  string
}

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "",
		XML: `<interface name="io.resinos.Service1">
    <!--
      Reconcile:

      Reads the configuration again and applies it, also where nothing seems to have changed. Returns when that is done,
      or after 900 ms while it goes on; State and AppliedAt tell.
    -->
    <method name="Reconcile">
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
    </method>
    <!-- Version: the daemon's version, for example "2.0.0". -->
    <property name="Version" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <!-- State: "starting", "ready" (all as configured), "degraded" (something of the configuration cannot be used, the
         rest is applied: see Problems) or "failed" (could not apply; tried again by itself). -->
    <property name="State" type="s" access="read"/>
    <!-- Problems: what (a JSON pointer into config.json, "config.json", or a part of the system) and why. -->
    <property name="Problems" type="a(ss)" access="read">
      <annotation name="io.resinos.Struct" value="Problem What Why"/>
    </property>
    <!-- ConfigSource: "file" (config.json as it is), "last-good" (config.json cannot be used), or "default" (there was never a good one). -->
    <property name="ConfigSource" type="s" access="read"/>
    <!-- AppliedAt: when the configuration was last applied, microseconds since 1970 UTC; 0 before the first time. -->
    <property name="AppliedAt" type="t" access="read"/>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodReconcile, Privileged: true,
				In:     []contract.Arg{},
				Out:    []contract.Arg{},
				Errors: []string{},
			},
		},
		Properties: []contract.Property{
			{Name: PropertyVersion, Type: "s", Writable: false, Privileged: true, Emits: "const"},
			{Name: PropertyState, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyProblems, Type: "a(ss)", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyConfigSource, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyAppliedAt, Type: "t", Writable: false, Privileged: true, Emits: "true"},
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

// Reconcile:
//
// Reads the configuration again and applies it, also where nothing seems to have changed. Returns when that is done,
// or after 900 ms while it goes on; State and AppliedAt tell.
func (c *Client) Reconcile(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodReconcile, 0)
	return call.Err
}

// Version: the daemon's version, for example "2.0.0".
func (c *Client) Version(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyVersion, &value)
	return value, err
}

// State: "starting", "ready" (all as configured), "degraded" (something of the configuration cannot be used, the
// rest is applied: see Problems) or "failed" (could not apply; tried again by itself).
func (c *Client) State(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyState, &value)
	return value, err
}

// Problems: what (a JSON pointer into config.json, "config.json", or a part of the system) and why.
func (c *Client) Problems(ctx context.Context) (value []Problem, err error) {
	err = c.get(ctx, PropertyProblems, &value)
	return value, err
}

// ConfigSource: "file" (config.json as it is), "last-good" (config.json cannot be used), or "default" (there was never a good one).
func (c *Client) ConfigSource(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyConfigSource, &value)
	return value, err
}

// AppliedAt: when the configuration was last applied, microseconds since 1970 UTC; 0 before the first time.
func (c *Client) AppliedAt(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyAppliedAt, &value)
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
