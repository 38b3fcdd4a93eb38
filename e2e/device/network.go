package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

// Uplink is the interface in the test's namespace that the second network card's
// cable ends in. It is up, and has no address.
const Uplink = "uplink"

// openTap makes a tap interface for the test t and moves its other end into namespace.
// The file keeps it, whoever has it open: QEMU may be started again with it.
func openTap(t *testing.T, namespace string) *os.File {
	t.Helper()
	name := fmt.Sprintf("resin%d", os.Getpid()%1e6)
	file, err := tunFile(name)
	if err != nil {
		t.Fatalf("cannot make the tap interface %s: %v", name, err)
	}
	t.Cleanup(func() { file.Close() }) // which ends it
	run(t, "ip", "link", "set", name, "netns", namespace, "name", Uplink)
	run(t, "ip", "-n", namespace, "link", "set", Uplink, "up")
	return file
}

// tunFile opens a new tap interface, see the kernel's Documentation/networking/tuntap.rst.
func tunFile(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TAP | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
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
