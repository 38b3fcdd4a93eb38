// Code generated from io.resinos.Update1.xml by proto/cmd/generate. DO NOT EDIT.

// Package update1 is the D-Bus interface io.resinos.Update1 as Go: its names, its
// contract and a typed client.
//
// io.resinos.Update1: the system's two slots, and what goes into the one that is not running.
//
// A release is written into the dormant slot, read back, and started on trial. It must prove itself; if it does not,
// the slot that ran before is back by itself. Reading is open to everyone on the bus; changing is for uid 0.
package update1

import (
	"context"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Names on the bus.
const (
	Interface                  = "io.resinos.Update1"
	BusName                    = "io.resinos.Update1"
	Path                       = "/io/resinos/Update1"
	MethodCheck                = "Check"
	MethodInstall              = "Install"
	MethodReboot               = "Reboot"
	MethodMarkGood             = "MarkGood"
	MethodMarkBad              = "MarkBad"
	MethodRollback             = "Rollback"
	PropertyCurrentVersion     = "CurrentVersion"
	PropertyAvailableVersion   = "AvailableVersion"
	PropertySlots              = "Slots"
	PropertyBootedSlot         = "BootedSlot"
	PropertyPrimarySlot        = "PrimarySlot"
	PropertyTryPending         = "TryPending"
	PropertyLastRollbackReason = "LastRollbackReason"
	PropertyHistory            = "History"
	PropertyActiveJob          = "ActiveJob"
	SignalJobRemoved           = "JobRemoved"
)

// Errors of the methods.
const (
	ErrorNoRepository      = "io.resinos.Update1.Error.NoRepository"
	ErrorAlreadyRunning    = "io.resinos.Update1.Error.AlreadyRunning"
	ErrorBadSource         = "io.resinos.Update1.Error.BadSource"
	ErrorNotCommitted      = "io.resinos.Update1.Error.NotCommitted"
	ErrorLocked            = "io.resinos.Update1.Error.Locked"
	ErrorBootEnvironment   = "io.resinos.Update1.Error.BootEnvironment"
	ErrorNothingToRollBack = "io.resinos.Update1.Error.NothingToRollBack"
)

// Event is a struct on the bus, with its members in their order there.
type Event struct {
	Time    uint64
	Event   string
	Version string
	Detail  string
}

// Contract returns the interface as its XML file has it.
func Contract() contract.Interface {
	return contract.Interface{
		Name: Interface,
		Path: "/io/resinos/Update1",
		XML: `<interface name="io.resinos.Update1">
    <!--
      Check:
      @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
      @found: "version" (s) of the newest release for this device, "" if there is none; "size" (t) of its image in bytes. Empty
        while the answer is not there yet: AvailableVersion tells when it is.

      Asks the repository of os.update.url what there is. Nothing is written but what is now known of the repository.
    -->
    <method name="Check">
      <arg name="options" type="a{sv}" direction="in"/>
      <arg name="found" type="a{sv}" direction="out"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- NoRepository: os.update.url is not set. -->
      <annotation name="io.resinos.Errors" value="NoRepository AlreadyRunning"/>
    </method>
    <!--
      Install:
      @source: the repository: "" for os.update.url, or an http, https or file URL, or the absolute path of a folder
      @options: "version" (s): this release and no other, also if its roll-out has not reached the device; "downgrade" (b): it may be older than
        what runs; "metered" (b): fail rather than download most of the image; "rate" (t): bytes per second at most; "reboot" (b): reboot into it when it is in place
      @job: a job (io.resinos.Update1.Job), which outlives the caller; JobRemoved tells how it ended

      Writes a release into the dormant slot, reads it back, and arranges that the next boot tries it. An install that was cancelled or
      interrupted is taken up where it was by the next one of the same release. What is refused is refused before anything is
      written, and the job's message says why with one of these names in front: Untrusted, Expired, Replayed, WrongDevice,
      TooOld, TooLarge, NotEnoughSpace, Downgrade, NotYet, Unreachable, NoRelease.
    -->
    <method name="Install">
      <arg name="source" type="s" direction="in"/>
      <arg name="options" type="a{sv}" direction="in"/>
      <arg name="job" type="o" direction="out"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- NoRepository: neither source nor os.update.url says where. BadSource: source is no such URL or path. AlreadyRunning: the
           error names the job. NotCommitted: what runs is on trial itself: MarkGood first, or wait. -->
      <annotation name="io.resinos.Errors" value="NoRepository BadSource AlreadyRunning NotCommitted"/>
    </method>
    <!--
      Reboot:
      @options: "force" (b): also while an update lock is held

      Reboots, into the release that was installed if there is one. It is refused while somebody holds a lock (flock, not the mere
      file) on a file in /run/resinos/update-locks.
    -->
    <method name="Reboot">
      <arg name="options" type="a{sv}" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- Locked: the error names the lock. -->
      <annotation name="io.resinos.Errors" value="Locked"/>
    </method>
    <!--
      MarkGood:

      Says that what runs is good, without waiting for its checks. When the call returns that is durable. No error if it is good already.
    -->
    <method name="MarkGood">
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- BootEnvironment: the boot loader's environment cannot be read or written. -->
      <annotation name="io.resinos.Errors" value="BootEnvironment"/>
    </method>
    <!--
      MarkBad:
      @reason: one line, kept as LastRollbackReason

      Says that what runs on trial is bad: the next boot is into the slot that ran before. Nothing is rebooted by it.
    -->
    <method name="MarkBad">
      <arg name="reason" type="s" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <!-- NothingToRollBack: what runs is not on trial. -->
      <annotation name="io.resinos.Errors" value="BootEnvironment NothingToRollBack"/>
    </method>
    <!--
      Rollback:
      @options: "reboot" (b): at once

      Goes back to the other slot: cancels a release that waits for its first boot, ends a trial, or starts the older system that the other slot
      still holds, which is then tried as a release is. When the call returns that is durable; it is in force with the next boot.
    -->
    <method name="Rollback">
      <arg name="options" type="a{sv}" direction="in"/>
      <annotation name="org.freedesktop.systemd1.Privileged" value="true"/>
      <annotation name="io.resinos.Errors" value="BootEnvironment NothingToRollBack AlreadyRunning"/>
    </method>
    <!--
      JobRemoved:
      @job: the job's path, readable for one minute more
      @result: "done", "failed" or "cancelled"
      @message: one line for a person
    -->
    <signal name="JobRemoved">
      <arg name="job" type="o"/>
      <arg name="result" type="s"/>
      <arg name="message" type="s"/>
    </signal>
    <!-- CurrentVersion: of the system that runs. -->
    <property name="CurrentVersion" type="s" access="read">
      <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
    </property>
    <!-- AvailableVersion: the newest release for this device when the repository was last asked; "" if none or never asked. -->
    <property name="AvailableVersion" type="s" access="read"/>
    <!-- Slots: one for each: "slot" (s) "A" or "B", "device" (s), "version" (s) or "" if unknown, "state" (s): "good", "trial", "waiting" (for
         its first boot), "failed", "writing" or "empty". -->
    <property name="Slots" type="aa{sv}" access="read"/>
    <!-- BootedSlot: "A" or "B"; "" if the boot loader did not say. -->
    <property name="BootedSlot" type="s" access="read"/>
    <!-- PrimarySlot: what the next boot starts. -->
    <property name="PrimarySlot" type="s" access="read"/>
    <!-- TryPending: what runs, or will run after the next boot, has yet to prove itself. -->
    <property name="TryPending" type="b" access="read"/>
    <!-- LastRollbackReason: one line; "" if there was none since the last update that proved itself. -->
    <property name="LastRollbackReason" type="s" access="read"/>
    <!-- History: what happened to the slots, newest last, at most 50. time: seconds since 1970; event: "installed", "good", "rolled back",
         "cancelled" or "failed"; version; detail: one line. -->
    <property name="History" type="a(tsss)" access="read">
      <annotation name="io.resinos.Struct" value="Event Time Event Version Detail"/>
    </property>
    <!-- ActiveJob: path of the install that runs; "/" if none does. -->
    <property name="ActiveJob" type="o" access="read"/>
  </interface>`,
		Methods: []contract.Method{
			{
				Name: MethodCheck, Privileged: true,
				In:     []contract.Arg{{Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{{Name: "found", Type: "a{sv}"}},
				Errors: []string{ErrorNoRepository, ErrorAlreadyRunning},
			},
			{
				Name: MethodInstall, Privileged: true,
				In:     []contract.Arg{{Name: "source", Type: "s"}, {Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{{Name: "job", Type: "o"}},
				Errors: []string{ErrorNoRepository, ErrorBadSource, ErrorAlreadyRunning, ErrorNotCommitted},
			},
			{
				Name: MethodReboot, Privileged: true,
				In:     []contract.Arg{{Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorLocked},
			},
			{
				Name: MethodMarkGood, Privileged: true,
				In:     []contract.Arg{},
				Out:    []contract.Arg{},
				Errors: []string{ErrorBootEnvironment},
			},
			{
				Name: MethodMarkBad, Privileged: true,
				In:     []contract.Arg{{Name: "reason", Type: "s"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorBootEnvironment, ErrorNothingToRollBack},
			},
			{
				Name: MethodRollback, Privileged: true,
				In:     []contract.Arg{{Name: "options", Type: "a{sv}"}},
				Out:    []contract.Arg{},
				Errors: []string{ErrorBootEnvironment, ErrorNothingToRollBack, ErrorAlreadyRunning},
			},
		},
		Properties: []contract.Property{
			{Name: PropertyCurrentVersion, Type: "s", Writable: false, Privileged: true, Emits: "const"},
			{Name: PropertyAvailableVersion, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertySlots, Type: "aa{sv}", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyBootedSlot, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyPrimarySlot, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyTryPending, Type: "b", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyLastRollbackReason, Type: "s", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyHistory, Type: "a(tsss)", Writable: false, Privileged: true, Emits: "true"},
			{Name: PropertyActiveJob, Type: "o", Writable: false, Privileged: true, Emits: "true"},
		},
		Signals: []contract.Signal{
			{Name: SignalJobRemoved, Args: []contract.Arg{{Name: "job", Type: "o"}, {Name: "result", Type: "s"}, {Name: "message", Type: "s"}}},
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

// Check:
// @options: for later; every key is refused today (org.freedesktop.DBus.Error.InvalidArgs)
// @found: "version" (s) of the newest release for this device, "" if there is none; "size" (t) of its image in bytes. Empty
// while the answer is not there yet: AvailableVersion tells when it is.
//
// Asks the repository of os.update.url what there is. Nothing is written but what is now known of the repository.
func (c *Client) Check(ctx context.Context, options map[string]dbus.Variant) (found map[string]dbus.Variant, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodCheck, 0, options)
	err = call.Store(&found)
	return found, err
}

// Install:
// @source: the repository: "" for os.update.url, or an http, https or file URL, or the absolute path of a folder
// @options: "version" (s): this release and no other, also if its roll-out has not reached the device; "downgrade" (b): it may be older than
// what runs; "metered" (b): fail rather than download most of the image; "rate" (t): bytes per second at most; "reboot" (b): reboot into it when it is in place
// @job: a job (io.resinos.Update1.Job), which outlives the caller; JobRemoved tells how it ended
//
// Writes a release into the dormant slot, reads it back, and arranges that the next boot tries it. An install that was cancelled or
// interrupted is taken up where it was by the next one of the same release. What is refused is refused before anything is
// written, and the job's message says why with one of these names in front: Untrusted, Expired, Replayed, WrongDevice,
// TooOld, TooLarge, NotEnoughSpace, Downgrade, NotYet, Unreachable, NoRelease.
func (c *Client) Install(ctx context.Context, source string, options map[string]dbus.Variant) (job dbus.ObjectPath, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodInstall, 0, source, options)
	err = call.Store(&job)
	return job, err
}

// Reboot:
// @options: "force" (b): also while an update lock is held
//
// Reboots, into the release that was installed if there is one. It is refused while somebody holds a lock (flock, not the mere
// file) on a file in /run/resinos/update-locks.
func (c *Client) Reboot(ctx context.Context, options map[string]dbus.Variant) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodReboot, 0, options)
	return call.Err
}

// MarkGood:
//
// Says that what runs is good, without waiting for its checks. When the call returns that is durable. No error if it is good already.
func (c *Client) MarkGood(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodMarkGood, 0)
	return call.Err
}

// MarkBad:
// @reason: one line, kept as LastRollbackReason
//
// Says that what runs on trial is bad: the next boot is into the slot that ran before. Nothing is rebooted by it.
func (c *Client) MarkBad(ctx context.Context, reason string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodMarkBad, 0, reason)
	return call.Err
}

// Rollback:
// @options: "reboot" (b): at once
//
// Goes back to the other slot: cancels a release that waits for its first boot, ends a trial, or starts the older system that the other slot
// still holds, which is then tried as a release is. When the call returns that is durable; it is in force with the next boot.
func (c *Client) Rollback(ctx context.Context, options map[string]dbus.Variant) (err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	call := c.object.CallWithContext(ctx, Interface+"."+MethodRollback, 0, options)
	return call.Err
}

// CurrentVersion: of the system that runs.
func (c *Client) CurrentVersion(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyCurrentVersion, &value)
	return value, err
}

// AvailableVersion: the newest release for this device when the repository was last asked; "" if none or never asked.
func (c *Client) AvailableVersion(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyAvailableVersion, &value)
	return value, err
}

// Slots: one for each: "slot" (s) "A" or "B", "device" (s), "version" (s) or "" if unknown, "state" (s): "good", "trial", "waiting" (for
// its first boot), "failed", "writing" or "empty".
func (c *Client) Slots(ctx context.Context) (value []map[string]dbus.Variant, err error) {
	err = c.get(ctx, PropertySlots, &value)
	return value, err
}

// BootedSlot: "A" or "B"; "" if the boot loader did not say.
func (c *Client) BootedSlot(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyBootedSlot, &value)
	return value, err
}

// PrimarySlot: what the next boot starts.
func (c *Client) PrimarySlot(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyPrimarySlot, &value)
	return value, err
}

// TryPending: what runs, or will run after the next boot, has yet to prove itself.
func (c *Client) TryPending(ctx context.Context) (value bool, err error) {
	err = c.get(ctx, PropertyTryPending, &value)
	return value, err
}

// LastRollbackReason: one line; "" if there was none since the last update that proved itself.
func (c *Client) LastRollbackReason(ctx context.Context) (value string, err error) {
	err = c.get(ctx, PropertyLastRollbackReason, &value)
	return value, err
}

// History: what happened to the slots, newest last, at most 50. time: seconds since 1970; event: "installed", "good", "rolled back",
// "cancelled" or "failed"; version; detail: one line.
func (c *Client) History(ctx context.Context) (value []Event, err error) {
	err = c.get(ctx, PropertyHistory, &value)
	return value, err
}

// ActiveJob: path of the install that runs; "/" if none does.
func (c *Client) ActiveJob(ctx context.Context) (value dbus.ObjectPath, err error) {
	err = c.get(ctx, PropertyActiveJob, &value)
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
