package device

import (
	"context"
	"fmt"
	"testing"
	"time"

	"resinos.io/image/guest"
	"resinos.io/image/qemu"
)

const (
	bootTime    = 10 * time.Minute // five were seen beside other heavy work
	commandTime = 2 * time.Minute
	sshPort     = 22222
)

// Options say how a machine differs from one with a fresh image.
type Options struct {
	Variant string            // of the image; "" is development
	Image   string            // a file, instead of the variant's image; not with Running
	Disk    string            // the disk's size, as qemu-img takes it; "" is the image's own
	Boot    map[string][]byte // files put on the boot partition before the start, by path; production gets an owner's key in config.json unless it is here
	// Running goes on from the saved state of a fresh device that has booted: seconds
	// instead of a minute. Disk and Boot must be empty, its disk has savedDisk.
	Running bool
	// Namespace is the network namespace, made by the test, that the second network
	// card's cable ends in, as interface [Uplink]; "" leaves the cable unplugged.
	Namespace string
	Args      []string // more arguments of QEMU
}

func (o Options) variant() string {
	if o.Variant == "" {
		return "development"
	}
	return o.Variant
}

// A Machine is a running image, with root logged in over ssh.
type Machine struct {
	*qemu.Machine
	port   int
	client *guest.Client
}

// Start boots the image and returns when everything in it is started. It ends
// with the test.
func Start(t *testing.T, options Options) *Machine {
	t.Helper()
	m := PowerOn(t, options)
	m.Connect(t)
	if options.Running { // its clock stood still since the state was saved
		m.Run(t, fmt.Sprintf("date -s @%d", time.Now().Unix()))
	}
	return m
}

// PowerOn is Start without logging in or waiting: for what happens early, and for
// a device that lets nobody in.
func PowerOn(t *testing.T, options Options) *Machine {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	config, err := prepare(ctx, t.TempDir(), options)
	if err != nil {
		t.Fatal(err)
	}
	if options.Namespace != "" {
		config.Tap = openTap(t, options.Namespace)
	}
	m := &Machine{port: config.Forward[sshPort]}
	if m.Machine, err = powerOn(ctx, config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Stop() }) // the one that runs then
	t.Cleanup(func() { m.collect(t) })
	return m
}

// Connect logs in, again after a reboot, and waits until systemd has started
// everything, with or without failures.
func (m *Machine) Connect(t *testing.T) {
	t.Helper()
	if err := m.Reach(t, bootTime); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	// Its status says "degraded" in its exit code too; the tests look at the reasons.
	_, _ = m.client.Run(ctx, "systemctl is-system-running --wait")
}

// Reboot reboots the machine from within and logs in again.
func (m *Machine) Reboot(t *testing.T) {
	t.Helper()
	before := m.Run(t, "cat /proc/sys/kernel/random/boot_id")
	_, _ = m.Try(t, "systemctl reboot") // ends the connection, sometimes before it answers
	m.Reconnect(t, before)
}

// Reconnect waits until a reboot has ended the boot with the id before, and logs in.
func (m *Machine) Reconnect(t *testing.T, before string) {
	t.Helper()
	m.client.Close()
	for start := time.Now(); time.Since(start) < bootTime; {
		m.Connect(t)
		if m.Run(t, "cat /proc/sys/kernel/random/boot_id") != before {
			return
		}
		m.client.Close()
		time.Sleep(time.Second)
	}
	t.Fatal("the machine does not reboot")
}
