//go:build vm

package containers

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// soon is how long something may take under emulation on a busy machine.
const soon = time.Minute

// run starts a container with the host's bus, from the image that holds guest alone.
const run = "docker run --rm -v /run/dbus:/run/dbus -e DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket "

// TestContainers looks at the engine of one running device from all sides.
func TestContainers(t *testing.T) {
	m := device.Start(t, device.Options{Running: true})
	m.Await(t, soon, "docker version --format '{{.Server.Os}}'", "linux")
	putGuest(t, m)
	t.Run("configuration", func(t *testing.T) { configuration(t, m) })
	t.Run("host's bus", func(t *testing.T) { hostsBus(t, m) })
	t.Run("names", func(t *testing.T) { names(t, m) })
	t.Run("logs", func(t *testing.T) { logs(t, m) })
	t.Run("live restore", func(t *testing.T) { liveRestore(t, m) })
	t.Run("local push", func(t *testing.T) { localPush(t, m) })
	t.Run("wedged", func(t *testing.T) { wedged(t, m) })
	t.Run("memory", func(t *testing.T) { memory(t, m) })
}

// putGuest makes the image "guest" in the machine, from nothing but a program.
func putGuest(t *testing.T, m *device.Machine) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "guest")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the guest: %v: %s", err, out)
	}
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	if err := w.WriteHeader(&tar.Header{Name: "guest", Mode: 0o755, Size: int64(len(content))}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m.RunInput(t, "mkdir -p /tmp/push && tar -C /tmp/push -x && tar -C /tmp/push -c guest | docker import - guest", &archive)
}

func configuration(t *testing.T, m *device.Machine) {
	for format, want := range map[string]string{
		"{{.Driver}}": "overlay2", "{{.LoggingDriver}}": "journald", "{{.LiveRestoreEnabled}}": "true", "{{.DockerRootDir}}": "/var/lib/docker",
	} {
		if got := m.Run(t, "docker info --format '"+format+"'"); got != want {
			t.Errorf("%s is %s, want %s", format, got, want)
		}
	}
	if got := m.Run(t, "findmnt -no SOURCE -T /var/lib/docker"); !strings.HasPrefix(got, "/dev/vda5") {
		t.Errorf("the engine's data is on %s", got)
	}
}

// hostsBus reads and changes the host from a container: what its uid allows, and no more.
func hostsBus(t *testing.T, m *device.Machine) {
	name := m.Run(t, "cat /proc/sys/kernel/hostname")
	for _, user := range []string{"0", "65534"} {
		if got := m.Run(t, run+"--user "+user+" guest /guest name"); got != name {
			t.Errorf("uid %s in a container reads the name %q, the host's is %q", user, got, name)
		}
	}
	if _, err := m.Try(t, run+"--user 65534 guest /guest rename nobodys"); err == nil || !strings.Contains(err.Error(), "AccessDenied") &&
		!strings.Contains(err.Error(), "rejected") {
		t.Errorf("an ordinary uid's rename from a container gives %v", err)
	}
	m.Run(t, run+"guest /guest rename contained")
	m.Await(t, soon, "cat /proc/sys/kernel/hostname", "contained")
}

// names resolves a name that only the device's own dnsmasq knows.
func names(t *testing.T, m *device.Machine) {
	if got := m.Run(t, run+"guest /guest resolve contained"); !strings.Contains(got, ".") && !strings.Contains(got, ":") {
		t.Errorf("a container resolves the device's name to %q", got)
	}
}

func logs(t *testing.T, m *device.Machine) {
	m.Run(t, "docker run -d --name talker guest /guest say hello there")
	m.Await(t, soon, "journalctl -o cat CONTAINER_NAME=talker", "hello there")
	m.Await(t, soon, "journalctl -o cat -t talker", "hello there")
}

// liveRestore restarts the engine, and kills it: the container does not notice.
func liveRestore(t *testing.T, m *device.Machine) {
	const pid = "docker inspect --format '{{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}}' talker"
	before := m.Run(t, pid)
	m.Run(t, "systemctl restart docker")
	m.Await(t, soon, pid, before)
	m.Run(t, "systemctl kill --kill-whom=main -s KILL docker")
	m.Await(t, soon, "systemctl is-active docker", "active")
	m.Await(t, soon, pid, before)
	m.Run(t, "docker run --rm guest /guest resolve localhost") // new ones start beside it
}
