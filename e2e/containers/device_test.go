//go:build vm

package containers

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestContainers looks at the engine where it needs a kernel and a disk of its own.
func TestContainers(t *testing.T) {
	namespace := device.Namespace(t)
	m := device.Start(t, device.Options{Running: true, Namespace: namespace})
	putGuest(t, m)
	t.Run("disk", func(t *testing.T) { disk(t, m) })
	card := m.Run(t, "basename $(dirname $(grep -l 52:54:00:12:34:99 /sys/class/net/*/address))")
	t.Run("local push", func(t *testing.T) { localPush(t, m, card, namespace) })
	t.Run("memory", func(t *testing.T) { memory(t, m) })
	t.Run("full", func(t *testing.T) { full(t, m) })
	t.Run("reboot", func(t *testing.T) { reboot(t, m) })
}

func disk(t *testing.T, m *device.Machine) {
	if got := m.Run(t, "docker info --format '{{.Driver}} {{.LoggingDriver}} {{.CgroupVersion}}'"); got != "overlay2 journald 2" {
		t.Errorf("the engine says %s", got)
	}
	if got := m.Run(t, "findmnt -no SOURCE -T /var/lib/docker"); !strings.HasPrefix(got, "/dev/vda5") {
		t.Errorf("the engine's data is on %s", got)
	}
}

// memory lets a process take all there is: it ends, and nothing else does.
func memory(t *testing.T, m *device.Machine) {
	units := m.Run(t, "systemctl list-units --type=service --state=running --plain --no-legend | awk '{print $1}'")
	show := "systemctl show -P Id -P MainPID -P NRestarts " + strings.Join(strings.Fields(units), " ") + " | grep -v '^$'"
	m.Run(t, "docker ps -q") // everything is settled
	before := m.Run(t, show)
	started := time.Now()
	if out, err := m.Try(t, "tail /dev/zero"); err == nil {
		t.Fatalf("the eater was not stopped: %s", out)
	}
	t.Logf("the eater ended after %v", time.Since(started).Round(time.Second))
	if killed := m.Run(t, "journalctl -k -o cat -g 'Out of memory: Killed process' | grep -o '([^)]*)' | sort -u"); killed != "(tail)" {
		t.Errorf("the kernel killed %s", killed)
	}
	if after := m.Run(t, show); after != before {
		t.Errorf("units were restarted:\nbefore\n%s\nafter\n%s", before, after)
	}
}

// full: without any room for the engine the device is reached, says why, and goes on
// when there is room.
func full(t *testing.T, m *device.Machine) {
	m.Run(t, "fallocate -l $(df -B1 --output=avail /mnt/data | tail -1) /mnt/data/filler; dd if=/dev/zero of=/mnt/data/filler2 bs=64k 2>/dev/null; sync; df /mnt/data")
	if out, err := m.Try(t, "docker run --rm guest /guest resolve localhost"); err == nil || !strings.Contains(err.Error()+out, "no space left") {
		t.Errorf("a container on a full partition: %s, %v", out, err)
	}
	m.Await(t, soon, "busctl call io.resinos.State1 /io/resinos/State1 io.resinos.Service1 Reconcile; "+
		"busctl get-property io.resinos.State1 /io/resinos/State1 io.resinos.Service1 Problems | grep -o resin-data", "resin-data")
	if got := m.Run(t, "systemctl restart docker; systemctl --failed --plain --no-legend; systemctl is-active NetworkManager ssh"); got != "active\nactive" {
		t.Errorf("with a full partition: %s", got)
	}
	m.Run(t, "rm /mnt/data/filler /mnt/data/filler2")
	m.Await(t, soon, "docker run --rm guest /guest resolve 127.0.0.1", "127.0.0.1")
}

// reboot lets the supervisor reboot the device: it and its application are there again.
func reboot(t *testing.T, m *device.Machine) {
	m.Put(t, "/var/lib/resin-preload/supervisor.tar", bytes.NewReader(supervisorArchive(t)))
	m.Run(t, "resinctl config set supervisorImage "+supervisorImage)
	m.Await(t, soon, "systemctl is-active resin-supervisor", "active")
	m.Put(t, "/mnt/data/resin-supervisor/compose.yaml", strings.NewReader("services: {web: {image: guest, command: [/guest, say, hello]}}"))
	if got := api(t, m, "PUT /v1/project", `{"source":"compose.yaml"}`); !strings.HasSuffix(got, " 200") {
		t.Fatalf("the project: %s", got)
	}
	boot := m.Run(t, "cat /proc/sys/kernel/random/boot_id")
	if got := api(t, m, "POST /v1/reboot", ""); !strings.HasSuffix(got, " 202") {
		t.Fatalf("the reboot: %s", got)
	}
	m.Reconnect(t, boot)
	m.Await(t, soon, "systemctl is-active resin-supervisor; docker ps --format '{{.Names}}' | sort | xargs", "active\nresin-web resin_supervisor")
}
