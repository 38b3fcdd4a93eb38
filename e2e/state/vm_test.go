//go:build vm

package state

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// late is how long something may take in an emulated machine on a busy one.
const late = 2 * time.Minute

// statePartition is its number, see image/disk.table.
const statePartition = 4

// noFirmwareID is a firmware that gives the device no id, as most boards have it.
var noFirmwareID = []string{"-uuid", "00000000-0000-0000-0000-000000000000"}

// TestIdentity boots a device again and purges it, with 1 GB to delete.
func TestIdentity(t *testing.T) {
	m := device.Start(t, device.Options{Running: true, Args: noFirmwareID})
	t.Run("kept", func(t *testing.T) { identityKept(t, m) })
	t.Run("purged", func(t *testing.T) { purged(t, m) })
}

// TestPartition takes one device through what can be wrong with its state partition.
func TestPartition(t *testing.T) {
	m := device.Start(t, device.Options{Running: true, Args: noFirmwareID})
	t.Run("full", func(t *testing.T) { full(t, m) })
	t.Run("without its label", func(t *testing.T) { missing(t, m) })
	t.Run("destroyed", func(t *testing.T) { destroyed(t, m) })
}

// ids are what the device goes by: everybody's, the journal's from its first line on,
// and the one that is kept.
const ids = "cat /etc/machine-id; ls /run/log/journal; journalctl -b -o json | head -1 | jq -r ._MACHINE_ID; cat /mnt/state/root-overlay/etc/machine-id"

// oneID returns the device's id and requires that nobody has another.
func oneID(t *testing.T, m *device.Machine) string {
	t.Helper()
	found := strings.Fields(m.Run(t, ids))
	if len(found) != 4 || len(found[0]) != 32 || found[1] != found[0] || found[2] != found[0] || found[3] != found[0] {
		t.Errorf("the ids are %q", found)
	}
	return found[0]
}

func nothingFailed(t *testing.T, m *device.Machine) {
	t.Helper()
	if failed := m.Run(t, "systemctl --failed --no-legend --plain"); failed != "" {
		t.Errorf("failed units: %s", failed)
	}
}

// identityKept reboots a device whose firmware has no id any more: it keeps its own.
func identityKept(t *testing.T, m *device.Machine) {
	before := oneID(t, m)
	m.Reboot(t)
	if after := oneID(t, m); after != before {
		t.Errorf("the id was %s and is %s", before, after)
	}
	m.Await(t, late, get("Service1.State"), `s "ready"`)
}

// purged asks on both ways, with 1 GB to delete, and compares how long the early
// phase takes with the boot before, which had nothing to delete.
func purged(t *testing.T, m *device.Machine) {
	const took = "systemctl show -P ActiveEnterTimestampMonotonic -P InactiveExitTimestampMonotonic state-binder-early | sort -n | paste -sd' ' | awk '{print int(($2-$1)/1000)}'"
	before, id := m.Run(t, took), oneID(t, m)
	uuid := m.Run(t, "jq -r .uuid /mnt/boot/config.json")
	m.Run(t, "mkdir /mnt/data/root-overlay/var/lib/docker/mine && cd /mnt/data/root-overlay/var/lib/docker/mine && fallocate -l 1G large && for i in $(seq 2000); do echo $i > $i; done; sync")
	m.Run(t, "echo x > /etc/openvpn/mine && "+call("State1.Purge 'sa{sv}' state 0")+" && touch /mnt/boot/purge-data")
	m.Await(t, late, get("State1.PurgePending"), `s "all"`)
	m.Reboot(t)
	m.Await(t, late, get("State1.PurgeProgress"), "u 100")
	m.Await(t, late, get("State1.PurgePending"), `s ""`)
	if got := m.Run(t, "ls -A /mnt/state/.trash /mnt/data/.trash /etc/openvpn/mine /mnt/boot/purge-data 2>&1 | grep -v '^$\\|No such\\|trash:'; true"); got != "" {
		t.Errorf("there are still %s", got)
	}
	if got := m.Run(t, "jq -r .uuid /mnt/boot/config.json; cat /var/lib/resinos/hostnamed-bridge/uuid"); got != uuid+"\n"+uuid {
		t.Errorf("the uuid is %q, was %s", got, uuid)
	}
	purgedID := oneID(t, m)
	if purgedID == id {
		t.Errorf("the machine id is still %s", id)
	}
	t.Logf("the early phase took %s ms, and %s ms with a purge of 1 GB and a first boot's work", before, m.Run(t, took))
	nothingFailed(t, m)
	m.Reboot(t)
	if again := oneID(t, m); again != purgedID {
		t.Errorf("the machine id is %s, was %s after the purge", again, purgedID)
	}
}

// full fills the state partition to the last block: the device says who did it,
// and a purge by a file on the card, which needs room of its own, still goes.
func full(t *testing.T, m *device.Machine) {
	id := oneID(t, m)
	m.Run(t, "dd if=/dev/zero of=/var/lib/bluetooth/fill bs=1M 2>/dev/null; dd if=/dev/zero of=/var/lib/bluetooth/fill2 bs=1k 2>/dev/null; sync; true")
	m.Run(t, call("Service1.Reconcile"))
	m.Await(t, late, get("Service1.Problems")+" | grep -o 'nearly full.*bluetooth 1[0-9] MiB' | grep -c .", "1")
	m.Run(t, "touch /mnt/boot/purge-state.txt")
	m.Reboot(t)
	m.Await(t, late, get("State1.PurgeProgress"), "u 100")
	m.Await(t, late, get("Service1.State"), `s "ready"`)
	if got := m.Run(t, "ls /mnt/boot/purge-state.txt /var/lib/bluetooth/fill 2>&1 | grep -c 'No such'"); got != "2" {
		t.Errorf("%s of 2 files are gone", got)
	}
	if now := oneID(t, m); now == id {
		t.Errorf("the machine id is still %s", id)
	}
	nothingFailed(t, m)
}

// missing takes the partition's label away: the device boots to a network and a way
// in, and says that it remembers nothing. With the label everything is there again.
func missing(t *testing.T, m *device.Machine) {
	id := oneID(t, m)
	m.Run(t, "echo x > /etc/openvpn/mine && sync")
	relabel(t, m, statePartition, "lost")
	m.Reboot(t)
	if got := m.Run(t, get("State1.Store")); got != `s "memory"` {
		t.Errorf("state is kept in %s", got)
	}
	if problems := m.Run(t, get("Service1.Problems")); !strings.Contains(problems, "no such partition") {
		t.Errorf("problems are %s", problems)
	}
	for _, unit := range []string{"NetworkManager", "ssh", "hostnamed-bridge", "chrony", "docker"} {
		m.Await(t, late, "systemctl is-active "+unit, "active")
	}
	m.Run(t, "test ! -e /etc/openvpn/mine")
	relabel(t, m, statePartition, "resin-state")
	m.Reboot(t)
	if got := m.Run(t, get("State1.Store")+"; cat /etc/openvpn/mine"); got != "s \"partition\"\nx" {
		t.Errorf("after one more boot: %s", got)
	}
	if now := oneID(t, m); now != id {
		t.Errorf("the machine id was %s and is %s", id, now)
	}
}

// destroyed overwrites the state partition beyond repair.
func destroyed(t *testing.T, m *device.Machine) {
	m.Run(t, "dd if=/dev/urandom of=/dev/disk/by-partlabel/resin-state bs=1M oflag=direct 2>/dev/null; true")
	m.Reboot(t)
	if got := m.Run(t, get("State1.Store")); got != `s "recreated"` {
		t.Errorf("state is kept in %s", got)
	}
	m.Await(t, late, get("Service1.State"), `s "degraded"`)
	if problems := m.Run(t, get("Service1.Problems")); !strings.Contains(problems, "was made anew") {
		t.Errorf("problems are %s", problems)
	}
	if got := m.Run(t, "echo $(readlink -f $(findmnt -no SOURCE /mnt/state)) $(findmnt -no FSTYPE /mnt/state)"); got != "/dev/vda4 ext4" {
		t.Errorf("mounted is %s", got)
	}
	id := oneID(t, m)
	m.Reboot(t)
	if got := m.Run(t, get("State1.Store")+"; "+get("Service1.State")); got != "s \"partition\"\ns \"ready\"" {
		t.Errorf("after one more boot: %s", got)
	}
	if now := oneID(t, m); now != id {
		t.Errorf("the machine id was %s and is %s", id, now)
	}
}
