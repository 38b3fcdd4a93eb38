package device

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
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
	if m.Machine, err = qemu.Start(ctx, config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Stop() }) // the one that runs then
	t.Cleanup(func() { m.collect(t) })
	if err := plug(ctx, m.Machine); err != nil {
		t.Fatal(err)
	}
	go unhang(m.Machine)
	return m
}

// plug puts the second network card's cable in, if there is one.
func plug(ctx context.Context, m *qemu.Machine) error {
	return m.PlugSecond(ctx, m.Tap != nil)
}

// prepare makes the machine's disks in dir.
func prepare(ctx context.Context, dir string, options Options) (qemu.Config, error) {
	port, err := qemu.FreePort(ctx)
	if err != nil {
		return qemu.Config{}, err
	}
	config := qemu.Config{
		Dir:      dir,
		Disk:     filepath.Join(dir, "disk.qcow2"),
		Firmware: filepath.Join(dir, "firmware.qcow2"),
		Forward:  map[int]int{sshPort: port},
		Args:     options.Args,
	}
	image, err := options.image()
	if err != nil {
		return config, err
	}
	if options.Running {
		config.Snapshot = savedName
		return config, copySaved(ctx, image, options.variant(), dir)
	}
	if err := qemu.Overlay(ctx, image, config.Disk, options.Disk); err != nil {
		return config, err
	}
	boot, err := withOwner(options.variant(), options.Boot)
	if err != nil {
		return config, err
	}
	if err := putBoot(ctx, image, config.Disk, dir, boot); err != nil {
		return config, err
	}
	return config, qemu.FirmwareVariables(ctx, config.Firmware)
}

// image returns the image that the machine boots.
func (o Options) image() (string, error) {
	if o.Image != "" {
		return o.Image, nil
	}
	return imagePath(o.variant())
}

// imagePath returns the image of variant, which must be there.
func imagePath(variant string) (string, error) {
	image, err := filepath.Abs("../../build/images/resinos-" + variant + ".img")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(image); err != nil {
		return "", fmt.Errorf("no image, run make image VARIANT=%s: %w", variant, err)
	}
	return image, nil
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

// Try runs command in the machine's shell.
func (m *Machine) Try(t *testing.T, command string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	out, err := m.client.Run(ctx, command)
	return trim(out), err
}

func trim(out string) string { return strings.TrimSpace(out) }

// Run runs command and fails the test if it fails.
func (m *Machine) Run(t *testing.T, command string) string {
	t.Helper()
	out, err := m.Try(t, command)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// Put writes content to a file of the machine.
func (m *Machine) Put(t *testing.T, path string, content io.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	if _, err := m.client.RunInput(ctx, "cat > "+path, content); err != nil {
		t.Fatal(err)
	}
}

// Await runs command until it prints want, for at most limit.
func (m *Machine) Await(t *testing.T, limit time.Duration, command, want string) {
	t.Helper()
	var out string
	for start := time.Now(); time.Since(start) < limit; time.Sleep(100 * time.Millisecond) {
		out, _ = m.Try(t, command) // it may fail until it does not
		if out == want {
			return
		}
	}
	t.Fatalf("%s\nprints %q after %v, want %q", command, out, limit, want)
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

// RunInput is Run with something on the command's standard input.
func (m *Machine) RunInput(t *testing.T, command string, input io.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	if out, err := m.client.RunInput(ctx, command, input); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
