// Package bustest gives tests a real bus of their own: a dbus-daemon of this
// machine that knows nobody else and ends with the test.
//
// It is for tests only. A missing dbus-daemon fails the test: it is installed
// with the other tools, not skipped.
package bustest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/godbus/dbus/v5"
)

// config lets everybody do everything: what is tested is our own checks.
const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=DIR/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="signal"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
  </policy>
</busconfig>
`

// A Bus is a running dbus-daemon.
type Bus struct {
	Address string
	process *exec.Cmd
}

// Start starts a bus that ends with the test. Other users of the machine can
// reach it.
func Start(t testing.TB) *Bus {
	t.Helper()
	dir, err := os.MkdirTemp("", "bus")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bus.conf")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(config, "DIR", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	process := exec.Command("dbus-daemon", "--config-file="+file, "--nofork", "--print-address=1")
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatalf("cannot start a bus (make host installs dbus-daemon): %v", err)
	}
	bus := &Bus{process: process}
	t.Cleanup(bus.Stop)
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("cannot start a bus: %v", err)
	}
	bus.Address, _, _ = strings.Cut(strings.TrimSpace(address), ",guid=")
	return bus
}

// Stop ends the bus at once, as a crash would. It may be called twice.
func (b *Bus) Stop() {
	_ = b.process.Process.Kill()
	_ = b.process.Wait()
}

// Pause makes the bus stop answering, Continue makes it answer again.
func (b *Bus) Pause(t testing.TB) { b.signal(t, syscall.SIGSTOP) }

// Continue ends what Pause began.
func (b *Bus) Continue(t testing.TB) { b.signal(t, syscall.SIGCONT) }

func (b *Bus) signal(t testing.TB, signal os.Signal) {
	t.Helper()
	if err := b.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// Connect returns a connection of a client, which is closed with the test.
func (b *Bus) Connect(t testing.TB) *dbus.Conn {
	t.Helper()
	conn, err := dbus.Connect(b.Address, dbus.WithSignalHandler(dbus.NewSequentialSignalHandler()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}
