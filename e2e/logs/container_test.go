//go:build container

package logs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"resinos.io/e2e/container"
)

// switches is how often the journal goes to disk and back in CI.
const switches = 40

func TestContainer(t *testing.T) {
	c := container.Start(t, container.Options{})
	run := shell(func(t testing.TB, command string) (string, error) { return c.Run(t.Context(), command) })
	for _, test := range []struct {
		name string
		test func(*testing.T, shell)
	}{
		{"default", byDefault},
		{"by hand", byHand},
		{"switched under load", switched},
		{"killed while switching", killed},
		{"journald restarted", restarted},
		{"usage and vacuum", vacuum},
		{"no place", noPlace},
		{"sizes", sizes},
	} {
		t.Run(test.name, func(t *testing.T) { test.test(t, run) })
	}
}

func byDefault(t *testing.T, run shell) {
	run.await(t, property("Service1", "State"), `s "ready"`)
	for name, want := range map[string]string{
		"Persistent": "b false", "DesiredPersistent": "b false", "RuntimeMaxUse": "t 8388608", "SystemMaxUse": "t 0", "DiskUsage": "t 0",
	} {
		if got := run.must(t, property("Log1", name)); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	// The image's default is the one that the property tells.
	if said := run.must(t, "journalctl -o cat -t systemd-journald"); !strings.Contains(said, "max 8M") {
		t.Errorf("journald says %s", said)
	}
	if out, err := run(t, call("Flush", "")); err == nil || !strings.Contains(err.Error(), "the journal is in RAM") {
		t.Errorf("Flush gives %s, %v", out, err)
	}
	if out, err := run(t, "setpriv --reuid 65534 --clear-groups "+setPersistent(true)); err == nil {
		t.Errorf("an ordinary uid switched: %s", out)
	}
}

// byHand flushes past us, as a person may: the journal comes back to RAM.
func byHand(t *testing.T, run shell) {
	run.must(t, "journalctl --flush")
	run.await(t, "test ! -e /run/systemd/journal/flushed && ls /run/log/journal/*/system.journal | wc -l", "1")
}

// switched switches over and over while a unit counts in the log.
func switched(t *testing.T, run shell) {
	times := switches
	if os.Getenv("RESIN_LONG") != "" {
		times = 500
	}
	endCounter := run.startCounter(t)
	for i := range times {
		on := i%2 == 0
		run.must(t, setPersistent(on))
		run.await(t, property("Log1", "Persistent"), fmt.Sprintf("b %t", on))
	}
	endCounter()
	before := run.must(t, "cat /var/log/journal/*/*.journal | sha256sum")
	run.must(t, "logger after; journalctl --sync")
	if after := run.must(t, "cat /var/log/journal/*/*.journal | sha256sum"); after != before {
		t.Error("journald writes to disk after it was told not to")
	}
	if got := run.must(t, "journalctl -o cat --file '/var/log/journal/*/system.journal' | wc -l"); got == "0" {
		t.Error("the old journal is not readable")
	}
}

// killed kills logctl at any moment of a switch; systemd starts it again, and it
// goes where config.json says.
func killed(t *testing.T, run shell) {
	endCounter := run.startCounter(t)
	for i := range 8 {
		on := i%2 == 0
		run.must(t, "systemctl reset-failed logctl") // systemd gives up on five starts in ten seconds
		run.must(t, edit(fmt.Sprintf(".persistentLogging=%t", on)))
		run.must(t, fmt.Sprintf("sleep 0.%d; systemctl kill -s KILL logctl", 10+i*3))
		run.await(t, property("Log1", "Persistent"), fmt.Sprintf("b %t", on))
		run.await(t, "test -e /run/systemd/journal/flushed && echo true || echo false", fmt.Sprint(on))
	}
	endCounter()
}

// restarted restarts and kills journald in both places: it stays where it was.
func restarted(t *testing.T, run shell) {
	for _, on := range []bool{true, false} {
		run.must(t, setPersistent(on))
		run.await(t, property("Log1", "Persistent"), fmt.Sprintf("b %t", on))
		endCounter := run.startCounter(t)
		for range 3 {
			run.must(t, "systemctl reset-failed systemd-journald; systemctl restart systemd-journald && sleep 0.2")
		}
		endCounter()
		run.must(t, "systemctl reset-failed systemd-journald; systemctl kill -s KILL systemd-journald; sleep 1; logger still-here; journalctl --sync")
		if got := run.must(t, "journalctl -o cat -t root | grep -c still-here"); got == "0" {
			t.Error("nothing is logged after journald was killed")
		}
		run.await(t, property("Log1", "Persistent"), fmt.Sprintf("b %t", on))
	}
}

func vacuum(t *testing.T, run shell) {
	if got, want := run.number(t, "DiskUsage"), run.du(t); got != want || got == 0 {
		t.Errorf("in RAM: DiskUsage is %d, find says %d", got, want)
	}
	run.must(t, setPersistent(true))
	run.await(t, property("Log1", "Persistent"), "b true")
	run.must(t, "logger kept && "+call("Flush", ""))
	if got, want := run.number(t, "DiskUsage"), run.du(t); got != want {
		t.Errorf("on disk: DiskUsage is %d, find says %d", got, want)
	}
	if freed := parseNumber(t, run.must(t, call("Vacuum", "'ta{sv}' 0 0"))); freed == 0 {
		t.Error("nothing was freed")
	}
	run.must(t, "logger goes-on && journalctl --sync && journalctl -o cat -t root | grep goes-on")
	run.must(t, setPersistent(false))
	run.await(t, property("Log1", "Persistent"), "b false")
	used := run.du(t)
	if freed := parseNumber(t, run.must(t, call("Vacuum", "'ta{sv}' 0 0"))); freed != used || used == 0 {
		t.Errorf("%d bytes freed of %d", freed, used)
	}
	if left := run.du(t); left != 0 {
		t.Errorf("%d bytes are left", left)
	}
}

// noPlace takes the data partition's journal away: the log stays in RAM, and goes to
// disk when there is a place again.
func noPlace(t *testing.T, run shell) {
	run.must(t, "umount /var/log/journal")
	run.must(t, setPersistent(true))
	run.await(t, property("Service1", "State"), `s "degraded"`)
	if got := run.must(t, property("Service1", "Problems")); !problem.MatchString(got) || !strings.Contains(got, "is in RAM") {
		t.Errorf("problems are %s", got)
	}
	run.must(t, "logger here && journalctl --sync && journalctl -o cat -t root | grep here")
	run.await(t, property("Log1", "Persistent"), "b false")
	run.must(t, "mount --bind /mnt/data/root-overlay/var/log/journal /var/log/journal && busctl call io.resinos.Log1 /io/resinos/Log1 io.resinos.Service1 Reconcile")
	run.await(t, property("Log1", "Persistent"), "b true")
	run.await(t, property("Service1", "State"), `s "ready"`)
	run.must(t, setPersistent(false))
	run.await(t, property("Log1", "Persistent"), "b false")
}

func sizes(t *testing.T, run shell) {
	endCounter := run.startCounter(t)
	run.must(t, edit(`.os.logging={runtimeMaxUse: "4M", systemMaxUse: "32M"}`))
	run.await(t, property("Log1", "RuntimeMaxUse"), "t 4194304")
	run.await(t, property("Log1", "SystemMaxUse"), "t 33554432")
	run.await(t, "journalctl -o cat -t systemd-journald -n 20 | grep -o 'max 4M' | head -1", "max 4M")
	run.must(t, setPersistent(true))
	run.await(t, "journalctl -o cat -t systemd-journald -n 20 | grep -o 'max 32M' | head -1", "max 32M")
	run.must(t, setPersistent(false))
	run.must(t, edit(`.os.logging={runtimeMaxUse: "a lot"}`))
	run.await(t, property("Service1", "State"), `s "degraded"`)
	run.must(t, edit(`.os.logging={runtimeMaxUse: "4M", systemMaxUse: "32M"}`))
	run.await(t, property("Service1", "State"), `s "ready"`)
	started := run.must(t, "systemctl show -P ExecMainStartTimestampMonotonic systemd-journald")
	run.must(t, "systemctl restart logctl")
	run.await(t, property("Service1", "State"), `s "ready"`)
	if again := run.must(t, "systemctl show -P ExecMainStartTimestampMonotonic systemd-journald"); again != started {
		t.Error("journald was restarted for sizes that it had")
	}
	for i := range 7 { // more often than systemd restarts a service by itself
		size := fmt.Sprint(5000000 + i)
		run.must(t, edit(".os.logging.runtimeMaxUse="+size))
		run.await(t, property("Log1", "RuntimeMaxUse"), "t "+size)
	}
	run.must(t, edit("del(.os.logging)"))
	run.await(t, property("Log1", "RuntimeMaxUse"), "t 8388608")
	endCounter()
}
