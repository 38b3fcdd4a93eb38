// Code generated from io.resinos.Network1.xml by proto/cmd/generate. DO NOT EDIT.

// Package network1 is the D-Bus interface io.resinos.Network1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.Network1: the owner's connection files, and which servers the device asks for names and the time.
//
// Files in system-connections/ on the boot partition become NetworkManager's connections. `dnsServers`, `ntpServers`, `country`
// and os.network in config.json are set in the running daemons. Reading is open to everyone on the bus; nothing here changes anything.
package network1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface            = "io.resinos.Network1"
	BusName              = "io.resinos.Network1"
	Path                 = "/io/resinos/Network1"
	PropertySeeds        = "Seeds"
	PropertyDnsServers   = "DnsServers"
	PropertyNtpServers   = "NtpServers"
	PropertyConnectivity = "Connectivity"
	SignalSeedRejected   = "SeedRejected"
)

// Seed is a struct on the bus, with its members in their order there.
type Seed struct {
	File  string
	Uuid  string
	State string
}

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "/io/resinos/Network1",
		XML: `<interface name="io.resinos.Network1">
    <!--
      SeedRejected:
      @file: name of the file in system-connections/ on the boot partition
      @reason: one line for a person: what is wrong, or that the device lost its network with it and was put back

      A file was not taken, or was taken back. What worked before is in force. Sent once for each content of a file.
    -->
    <signal name="SeedRejected">
      <arg name="file" type="s"/>
      <arg name="reason" type="s"/>
    </signal>
    <!-- Seeds: the files in system-connections/ on the boot partition, by name; hidden files, backups and *.ignore are left out.
         The connection's uuid is "" if the file has none and none could be made. The state is "applied" (NetworkManager has it),
         "invalid" (rejected; Service1.Problems says why) or "diverged" (the connection was changed or deleted on the device since; it
         is left alone until the file on the boot partition changes). -->
    <property name="Seeds" type="a(sss)" access="read">
      <annotation name="io.resinos.Struct" value="Seed File Uuid State"/>
    </property>
    <!-- DnsServers: the servers that the resolver asks now, addresses as it prints them ("192.0.2.1", or "192.0.2.1#5353" for
         another port than 53), those from config.json first, read back from dnsmasq; empty while it does not run. -->
    <property name="DnsServers" type="as" access="read"/>
    <!-- NtpServers: the servers that the time is asked from, names or addresses, read back from chrony, which need not have
         reached them; empty while it does not run. -->
    <property name="NtpServers" type="as" access="read"/>
    <!-- Connectivity: what NetworkManager says: "none", "portal" (a login page is in between), "limited" (a network, but not the
         internet), "full" or "unknown" (it does not run, or has not looked yet). Without a check in config.json "full" means a
         default route. -->
    <property name="Connectivity" type="s" access="read"/>
  </interface>`,
		Properties: []contract.Property{
			{Name: PropertySeeds, Type: "a(sss)", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyDnsServers, Type: "as", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyNtpServers, Type: "as", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyConnectivity, Type: "s", Writable: false, Privileged: true, Emits: "true"},
		},
		Signals: []contract.Signal{
			{Name: SignalSeedRejected, Args: []contract.Arg{{Name: "file", Type: "s"}, {Name: "reason", Type: "s"}}},
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

// Seeds: the files in system-connections/ on the boot partition, by name; hidden files, backups and *.ignore are left out.
// The connection's uuid is "" if the file has none and none could be made. The state is "applied" (NetworkManager has it),
// "invalid" (rejected; Service1.Problems says why) or "diverged" (the connection was changed or deleted on the device since; it
// is left alone until the file on the boot partition changes).
func (c *Client) Seeds(ctx context.Context) (value []Seed, err error) {
	err = c.get(ctx, PropertySeeds, &value)
	return value, err
}

// DnsServers: the servers that the resolver asks now, addresses as it prints them ("192.0.2.1", or "192.0.2.1#5353" for
// another port than 53), those from config.json first, read back from dnsmasq; empty while it does not run.
func (c *Client) DnsServers(ctx context.Context) (value []string, err error) {
	err = c.get(ctx, PropertyDnsServers, &value)
	return value, err
}

// NtpServers: the servers that the time is asked from, names or addresses, read back from chrony, which need not have
// reached them; empty while it does not run.
func (c *Client) NtpServers(ctx context.Context) (value []string, err error) {
	err = c.get(ctx, PropertyNtpServers, &value)
	return value, err
}

// Connectivity: what NetworkManager says: "none", "portal" (a login page is in between), "limited" (a network, but not the
// internet), "full" or "unknown" (it does not run, or has not looked yet). Without a check in config.json "full" means a
// default route.
func (c *Client) Connectivity(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyConnectivity, &value)
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
