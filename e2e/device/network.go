package device

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Uplink is the interface in the test's namespace that the second network card's
// cable ends in. It is up, and has no address.
const Uplink = "uplink"

// makeTap makes a tap interface for the test t; it goes with its last user.
func makeTap(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("resin%d", os.Getpid()%1e6)
	run(t, "ip", "tuntap", "add", "mode", "tap", "name", name)
	t.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(t.Context()), "ip", "link", "delete", name).Run()
	}) // it may have been moved
	return name
}

// moveTap moves a tap that QEMU has opened into namespace.
func moveTap(t *testing.T, tap, namespace string) {
	t.Helper()
	run(t, "ip", "link", "set", tap, "netns", namespace, "name", Uplink)
	run(t, "ip", "-n", namespace, "link", "set", Uplink, "up")
	t.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(t.Context()), "ip", "-n", namespace, "link", "delete", Uplink).Run()
	}) // gone with the namespace
}

// Namespace makes a network namespace for the test t and returns its name.
func Namespace(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("resin-%d", os.Getpid())
	run(t, "ip", "netns", "add", name)
	t.Cleanup(func() {
		_ = exec.CommandContext(context.WithoutCancel(t.Context()), "ip", "netns", "delete", name).Run()
	})
	run(t, "ip", "-n", name, "link", "set", "lo", "up")
	return name
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s %v: %v: %s", name, args, err, out)
	}
}
