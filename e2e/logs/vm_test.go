//go:build vm

package logs

import (
	"os"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestDevice follows one device over reboots and a full disk.
func TestDevice(t *testing.T) {
	m := device.Start(t, device.Options{Running: true})
	run := shell(func(t testing.TB, command string) (string, error) { return m.Try(t.(*testing.T), command) })
	t.Run("idle writes nothing", func(t *testing.T) { idle(t, run) })
	t.Run("kept over a reboot", func(t *testing.T) { kept(t, m, run) })
	t.Run("full", func(t *testing.T) { full(t, run) })
	t.Run("off over a reboot", func(t *testing.T) { off(t, m, run) })
}

// written returns the sectors that the disk was given since it was there, field 7
// of Documentation/block/stat.rst.
const written = "awk '{print $7}' /sys/block/vda/stat"

// idle waits until a fresh device has settled, and requires a window without a write:
// a minute in CI, and with RESIN_LONG the ten minutes that are promised.
func idle(t *testing.T, run shell) {
	window := time.Minute
	if os.Getenv("RESIN_LONG") != "" {
		window = 10 * time.Minute
	}
	run.must(t, "sync")
	// What began with the first boot may go on: docker's and NetworkManager's first files, and
	// ext4's inode tables after the data partition has grown, which take some minutes.
	for range 10 {
		before := run.must(t, written)
		time.Sleep(window)
		after := run.must(t, written)
		if before == after {
			return
		}
		t.Logf("sectors written: %s, then %s", before, after)
	}
	t.Error("the device writes though nothing happens")
}

func kept(t *testing.T, m *device.Machine, run shell) {
	run.must(t, "logger in-ram-before && journalctl --sync")
	if boots := run.must(t, "journalctl --list-boots -q | grep -c ."); boots != "1" {
		t.Errorf("a fresh device knows %s boots", boots)
	}
	run.must(t, setPersistent(true))
	run.await(t, property("Log1", "Persistent"), "b true")
	run.must(t, "logger on-disk-after && "+call("Flush", ""))
	m.Reboot(t)
	run.await(t, property("Service1", "State"), `s "ready"`)
	if got := run.must(t, property("Log1", "Persistent")); got != "b true" {
		t.Errorf("after the reboot Persistent is %s", got)
	}
	if boots := run.must(t, "journalctl --list-boots -q | grep -c ."); boots != "2" {
		t.Errorf("there are %s boots", boots)
	}
	for _, line := range []string{"in-ram-before", "on-disk-after"} {
		if got := run.must(t, "journalctl -b -1 -t root -o cat | grep -c "+line); got != "1" {
			t.Errorf("%s is there %s times", line, got)
		}
	}
	if first := run.must(t, "journalctl -b -1 -k -o cat | head -1"); !strings.HasPrefix(first, "Linux version") {
		t.Errorf("the kernel's first line is %q", first)
	}
	// Not logctl flushed, which comes late, but the unit before it.
	const flushed = `journalctl -b -t systemd-journald -o json | jq -r 'select(.MESSAGE | startswith("Time spent on flushing to /var")) | .__MONOTONIC_TIMESTAMP' | head -1`
	early := parseNumber(t, run.must(t, flushed))
	if daemon := parseNumber(t, run.must(t, "systemctl show -P ExecMainStartTimestampMonotonic logctl")); early > daemon {
		t.Errorf("flushed at %d us, logctl started at %d us", early, daemon)
	}
}

// full fills the data partition under a journal that is on disk: journald goes on, in
// RAM, logctl says why, and it is on disk again when there is room.
func full(t *testing.T, run shell) {
	run.must(t, "dd if=/dev/zero of=/mnt/data/ballast bs=1M status=none 2>/dev/null; sync; true")
	run.must(t, "seq 1 60000 | systemd-cat -t filler; logger when-full; journalctl --sync")
	if got := run.must(t, "journalctl -b -t root -o cat | grep -c when-full"); got != "1" {
		t.Errorf("the line of a full disk is there %s times", got)
	}
	run.must(t, setPersistent(false))
	run.await(t, property("Log1", "Persistent"), "b false")
	run.must(t, setPersistent(true))
	run.await(t, property("Service1", "State"), `s "degraded"`)
	if got := run.must(t, property("Service1", "Problems")); !problem.MatchString(got) || !strings.Contains(got, "the data partition is full") {
		t.Errorf("problems are %s", got)
	}
	run.must(t, "rm /mnt/data/ballast; busctl call io.resinos.Log1 /io/resinos/Log1 io.resinos.Service1 Reconcile")
	run.await(t, property("Log1", "Persistent"), "b true")
	run.await(t, property("Service1", "State"), `s "ready"`)
}

// off switches to RAM: nothing that is logged makes a write, also after a reboot, and
// the old lines stay readable.
func off(t *testing.T, m *device.Machine, run shell) {
	// Not a line from before the disk was full: what was written then took its place.
	run.must(t, "logger before-off && "+call("Flush", ""))
	run.must(t, setPersistent(false))
	run.await(t, property("Log1", "Persistent"), "b false")
	m.Reboot(t)
	run.await(t, property("Service1", "State"), `s "ready"`)
	if got := run.must(t, property("Log1", "Persistent")); got != "b false" {
		t.Errorf("after the reboot Persistent is %s", got)
	}
	if got := run.must(t, "journalctl -t root -o cat | grep -c before-off"); got != "1" {
		t.Errorf("the old line is there %s times", got)
	}
	before := run.must(t, "cat /var/log/journal/*/*.journal | sha256sum")
	run.must(t, "logger in-ram-again; journalctl --sync")
	if after := run.must(t, "cat /var/log/journal/*/*.journal | sha256sum"); after != before {
		t.Error("journald writes to disk")
	}
	if freed := parseNumber(t, run.must(t, call("Vacuum", "'ta{sv}' 0 0"))); freed == 0 {
		t.Error("nothing was freed")
	}
	if left := run.du(t); left != 0 {
		t.Errorf("%d bytes are left", left)
	}
}
