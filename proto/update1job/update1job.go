// Code generated from io.resinos.Update1.Job.xml by proto/cmd/generate. DO NOT EDIT.

// Package update1job is the D-Bus interface io.resinos.Update1.Job as Go: its names, its
// contract and a typed client.
//
// io.resinos.Update1.Job: work that takes longer than a method may. The method that starts it answers with the
// path of an object with this interface. A job that ended can be read for one minute more; then its object goes.
package update1job

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface               = "io.resinos.Update1.Job"
	MethodCancel            = "Cancel"
	PropertyState           = "State"
	PropertyProgress        = "Progress"
	PropertyBytesDone       = "BytesDone"
	PropertyBytesTotal      = "BytesTotal"
	PropertyBytesDownloaded = "BytesDownloaded"
	PropertyMessage         = "Message"
)

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "",
		XML: `<interface name="io.resinos.Update1.Job">
    <!--
      Cancel:

      Asks the job to stop and returns at once; State tells when it has. No error if it has ended already.
    -->
    <method name="Cancel">
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
    </method>
    <!-- State: "running", "done", "failed" or "cancelled". -->
    <property name="State" type="s" access="read"/>
    <!-- Progress: percent, 0 to 100; changes are told at most four times a second. -->
    <property name="Progress" type="u" access="read"/>
    <!-- BytesDone: how much of BytesTotal is in place. -->
    <property name="BytesDone" type="t" access="read"/>
    <!-- BytesTotal: 0 while it is not known. -->
    <property name="BytesTotal" type="t" access="read"/>
    <!-- BytesDownloaded: how much of BytesDone came over the network. -->
    <property name="BytesDownloaded" type="t" access="read"/>
    <!-- Message: one line for a person: what is being done, or why it failed. -->
    <property name="Message" type="s" access="read"/>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodCancel, Privileged: true,
				In:     []contract.Arg{},
				Out:    []contract.Arg{},
				Errors: []string{},
			},
		},
		Properties: []contract.Property{
			{Name: PropertyState, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyProgress, Type: "u", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyBytesDone, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyBytesTotal, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyBytesDownloaded, Type: "t", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyMessage, Type: "s", Writable: false, Privileged: true, Emits: "true"},
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

// Cancel:
//
// Asks the job to stop and returns at once; State tells when it has. No error if it has ended already.
func (c *Client) Cancel(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodCancel, 0)
	return call.Err
}

// State: "running", "done", "failed" or "cancelled".
func (c *Client) State(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyState, &value)
	return value, err
}

// Progress: percent, 0 to 100; changes are told at most four times a second.
func (c *Client) Progress(ctx context.Context) (value uint32, err error) {
	err = c.get(ctx, PropertyProgress, &value)
	return value, err
}

// BytesDone: how much of BytesTotal is in place.
func (c *Client) BytesDone(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyBytesDone, &value)
	return value, err
}

// BytesTotal: 0 while it is not known.
func (c *Client) BytesTotal(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyBytesTotal, &value)
	return value, err
}

// BytesDownloaded: how much of BytesDone came over the network.
func (c *Client) BytesDownloaded(ctx context.Context) (value uint64, err error) {
	err = c.get(ctx, PropertyBytesDownloaded, &value)
	return value, err
}

// Message: one line for a person: what is being done, or why it failed.
func (c *Client) Message(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyMessage, &value)
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
