//go:build vm

package state

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// late is how long something may take in an emulated machine on a busy one.
const late = time.Minute

const (
	vmGet  = "busctl get-property io.resinos.State1 /io/resinos/State1 io.resinos."
	vmCall = "busctl call io.resinos.State1 /io/resinos/State1 io.resinos."
)

// TestMachine takes one device through what only a kernel and a disk of its own
// can show: the machine id before the first program, a purge with a lot to
// delete, and partitions that are destroyed.
func TestMachine(t *testing.T) {
	m := device.Start(t, device.Options{Running: true})
	t.Run("id", func(t *testing.T) { machineID(t, m) })
	t.Run("purged", func(t *testing.T) { purged(t, m) })
	t.Run("full", func(t *testing.T) { full(t, m) })
	t.Run("destroyed", func(t *testing.T) { destroyed(t, m) })
}

// machineID gives the device an id that no firmware has: from the next boot on
// it is everybody's, the journal's from its first line on.
func machineID(t *testing.T, m *device.Machine) {
	const id = "0123456789abcdef0123456789abcdef"
	if got := m.Run(t, "cat /mnt/state/root-overlay/etc/machine-id"); got != m.Run(t, "cat /etc/machine-id") {
		t.Errorf("the first boot's id is not kept: %s", got)
	}
	m.Run(t, "echo "+id+" > /mnt/state/root-overlay/etc/machine-id && sync")
	m.Reboot(t)
	if got := m.Run(t, "cat /etc/machine-id; ls /run/log/journal; journalctl -b -o json | head -1 | jq -r ._MACHINE_ID"); got != id+"\n"+id+"\n"+id {
		t.Errorf("the ids are %q", got)
	}
	if got := m.Run(t, vmGet+"Service1 State"); got != `s "ready"` {
		t.Errorf("state-binder is %s: %s", got, m.Run(t, vmGet+"Service1 Problems"))
	}
}

// purged asks on both ways, with 1 GB to delete, and compares how long the early
// phase takes with the boot before, which had nothing to delete.
func purged(t *testing.T, m *device.Machine) {
	const took = "systemctl show -P ActiveEnterTimestampMonotonic -P InactiveExitTimestampMonotonic state-binder-early | sort | paste -sd' ' | awk '{print int(($2-$1)/1000)}'"
	before := m.Run(t, took)
	id := m.Run(t, "cat /etc/machine-id; jq -r .uuid /mnt/boot/config.json")
	m.Run(t, "mkdir /mnt/data/root-overlay/var/lib/docker/mine && cd /mnt/data/root-overlay/var/lib/docker/mine && fallocate -l 1G large && for i in $(seq 2000); do echo $i > $i; done; sync")
	m.Run(t, "echo x > /etc/openvpn/mine && "+vmCall+"State1 Purge 'sa{sv}' state 0 && touch /mnt/boot/purge-data")
	m.Reboot(t)
	m.Await(t, 2*late, vmGet+"State1 PurgeProgress", "u 100")
	m.Await(t, late, vmGet+"State1 PurgePending", `s ""`)
	if got := m.Run(t, "ls -A /mnt/state/.trash /mnt/data/.trash /etc/openvpn/mine /mnt/boot/purge-data 2>&1 | grep -v '^$\\|No such\\|trash:'; true"); got != "" {
		t.Errorf("there are still %s", got)
	}
	if got := m.Run(t, "cat /etc/machine-id; jq -r .uuid /mnt/boot/config.json"); got != id {
		t.Errorf("machine id and uuid are %q, were %q", got, id)
	}
	t.Logf("the early phase took %s ms, and %s ms with a purge of 1 GB and the first boot's work", before, m.Run(t, took))
	if failed := m.Run(t, "systemctl --failed --no-legend --plain"); failed != "" {
		t.Errorf("failed units: %s", failed)
	}
}

// full fills the state partition to the last block: the device says who did it,
// and a purge, which needs room of its own, still goes.
func full(t *testing.T, m *device.Machine) {
	m.Run(t, "dd if=/dev/zero of=/var/lib/bluetooth/fill bs=1M 2>/dev/null; dd if=/dev/zero of=/var/lib/bluetooth/fill2 bs=1k 2>/dev/null; sync; true")
	m.Run(t, vmCall+"Service1 Reconcile")
	m.Await(t, late, vmGet+"Service1 Problems | grep -o 'nearly full.*bluetooth 1[0-9] MiB' | grep -c .", "1")
	m.Run(t, vmCall+"State1 Purge 'sa{sv}' state 0")
	m.Reboot(t)
	m.Await(t, late, vmGet+"State1 PurgeProgress", "u 100")
	m.Await(t, late, vmGet+"Service1 State", `s "ready"`)
}

// destroyed overwrites the state partition beyond repair.
func destroyed(t *testing.T, m *device.Machine) {
	id := m.Run(t, "cat /etc/machine-id")
	m.Run(t, "dd if=/dev/urandom of=/dev/disk/by-partlabel/resin-state bs=1M oflag=direct 2>/dev/null; true")
	m.Reboot(t)
	if got := m.Run(t, vmGet+"State1 Store"); got != `s "recreated"` {
		t.Errorf("state is kept in %s", got)
	}
	m.Await(t, late, vmGet+"Service1 State", `s "degraded"`)
	if problems := m.Run(t, vmGet+"Service1 Problems"); !strings.Contains(problems, "was made anew") {
		t.Errorf("problems are %s", problems)
	}
	if failed := m.Run(t, "systemctl --failed --no-legend --plain"); failed != "" {
		t.Errorf("failed units: %s", failed)
	}
	if got := m.Run(t, "findmnt -rno SOURCE,FSTYPE /mnt/state"); got != "/dev/vda4 ext4" {
		t.Errorf("mounted is %s", got)
	}
	t.Logf("the id was %s and is %s", id, m.Run(t, "cat /etc/machine-id"))
	m.Reboot(t)
	if got := m.Run(t, vmGet+"State1 Store; "+vmGet+"Service1 State"); got != "s \"partition\"\ns \"ready\"" {
		t.Errorf("after one more boot: %s", got)
	}
}
