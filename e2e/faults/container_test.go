//go:build container

package faults

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/container"
)

// soon is how long it may take until everything is well again.
const soon = time.Minute

var seed = flag.Uint64("seed", 1, "of who is killed, and when")

// kills is how often in CI a daemon is killed; RESIN_LONG is for ten times that.
func kills() int {
	if os.Getenv("RESIN_LONG") != "" {
		return 300
	}
	return 30
}

// daemons are ours that stay: unit and name on the bus.
var daemons = map[string]string{
	"state-binder": "State1", "netseed": "Network1", "hostnamed-bridge": "Hostname1", "logctl": "Log1", "updater": "Update1", "splash-setter": "Splash1",
}

// units are those of daemons, always in the same order.
var units = []string{"state-binder", "netseed", "hostnamed-bridge", "logctl", "updater", "splash-setter"}

func TestFaults(t *testing.T) {
	c := container.Start(t, container.Options{})
	well(t, c)
	t.Run("killed under load", func(t *testing.T) { killed(t, c) })
	t.Run("bus killed", func(t *testing.T) { bus(t, c) })
	t.Run("journald killed", func(t *testing.T) { journald(t, c) })
}

func object(name, face string) string {
	return fmt.Sprintf("io.resinos.%s /io/resinos/%[1]s io.resinos.%s ", name, face)
}

// await runs command until it prints want.
func await(t *testing.T, c *container.Container, command, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(soon); got != want; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s says %q, want %q", command, got, want)
		}
		got, _ = c.Run(t.Context(), command) // it may fail until it does not
	}
}

// well waits until each daemon has nothing to complain of, and no unit has failed. A
// container has no boot loader, and the updater says so.
func well(t *testing.T, c *container.Container) {
	t.Helper()
	for _, unit := range units {
		want := `s "ready"`
		if unit == "updater" {
			want = `s "degraded"`
		}
		await(t, c, "busctl get-property "+object(daemons[unit], "Service1")+"State", want)
	}
	await(t, c, "systemctl --failed --no-legend --plain", "")
}

// edits changes the configuration again and again, in place as an editor on the
// device does, until end is called, which sets the last one.
func edits(t *testing.T, c *container.Container, random *rand.Rand) (end func(name string, persistent bool)) {
	t.Helper()
	path := filepath.Join(c.Boot, "config.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), `"uuid"`) {
		t.Fatalf("there is no uuid in %s", text)
	}
	uuid := c.MustRun(t, "jq -r .uuid /mnt/boot/config.json")
	write := func(name string, persistent bool) {
		text := fmt.Sprintf(`{"uuid":%q,"theirs":{"b":1, "a":2},"hostname":%q,"persistentLogging":%t}`, uuid, name, persistent)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Error(err)
		}
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(50+random.IntN(300)) * time.Millisecond):
				write(fmt.Sprintf("name-%d", n), random.IntN(2) == 0)
			}
		}
	}()
	return func(name string, persistent bool) {
		close(stop)
		<-stopped
		write(name, persistent)
	}
}

// load asks every daemon for all it has, over and over, and logs.
const load = `systemd-run --quiet --unit=load -p LogRateLimitIntervalSec=0 sh -c 'while :; do
for n in State1 Network1 Hostname1 Log1 Update1 Splash1; do
  timeout 1 busctl get-property io.resinos.$n /io/resinos/$n io.resinos.Service1 State Problems AppliedAt
  timeout 1 busctl call --timeout=1 io.resinos.$n /io/resinos/$n io.resinos.Service1 Reconcile
done >/dev/null 2>&1
echo load
done'`

// killed kills one daemon after the other at random moments, while all are busy. At
// the end each does what config.json says, and nothing of it is lost.
func killed(t *testing.T, c *container.Container) {
	t.Logf("seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 1))           //nolint:gosec // a sequence that can be had again
	end := edits(t, c, rand.New(rand.NewPCG(*seed, 2))) //nolint:gosec // the same
	c.MustRun(t, load)
	counts := map[string]int{}
	for range kills() {
		unit := units[random.IntN(len(units))]
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		// systemd gives up on five starts in ten seconds, which is for faults that stay.
		c.MustRun(t, "systemctl reset-failed "+unit+"; systemctl kill -s KILL "+unit+" || systemctl start "+unit)
		counts[unit]++
	}
	c.MustRun(t, "systemctl stop load")
	end("survivor", true)
	well(t, c)
	await(t, c, "cat /proc/sys/kernel/hostname", "survivor")
	await(t, c, "busctl get-property "+object("Log1", "Log1")+"Persistent", "b true")
	await(t, c, "jq -c '[.theirs,.hostname,.persistentLogging]' /mnt/boot/config.json", `[{"b":1,"a":2},"survivor",true]`)
	if binds := c.MustRun(t, "busctl get-property "+object("State1", "State1")+"Binds"); strings.Contains(binds, " false") {
		t.Errorf("binds are %s", binds)
	}
	c.Restart(t, nil) // what was half written goes before anybody writes again
	well(t, c)
	await(t, c, "cat /proc/sys/kernel/hostname", "survivor")
	if left := c.MustRun(t, "find /mnt/boot /mnt/state /mnt/data/root-overlay/var/log -name '*.tmp' -o -name '*.new'"); left != "" {
		t.Errorf("left behind is %s", left)
	}
	t.Logf("killed were %v", counts)
}

// bus kills the bus under everybody: our daemons end, systemd starts them again, and
// what they did goes on.
func bus(t *testing.T, c *container.Container) {
	before := c.MustRun(t, "cat /proc/sys/kernel/hostname")
	for range 2 {
		c.MustRun(t, "systemctl reset-failed; systemctl kill -s KILL dbus")
		await(t, c, "busctl call org.freedesktop.DBus / org.freedesktop.DBus NameHasOwner s org.freedesktop.systemd1", "b true")
		well(t, c)
	}
	if name := c.MustRun(t, "cat /proc/sys/kernel/hostname"); name != before {
		t.Errorf("the name is %s, was %s", name, before)
	}
	c.MustRun(t, "busctl call "+object("Hostname1", "Hostname1")+"SetHostname 'sa{sv}' after-the-bus 0")
	await(t, c, "cat /proc/sys/kernel/hostname", "after-the-bus")
}

// journald restarts and kills the journal: nobody of ours is restarted by it, and
// what they say is in the log again.
func journald(t *testing.T, c *container.Container) {
	const running = "systemctl show -P MainPID state-binder netseed hostnamed-bridge logctl updater splash-setter | paste -sd' '"
	before := c.MustRun(t, running)
	for _, command := range []string{"systemctl restart systemd-journald", "systemctl kill -s KILL systemd-journald; sleep 1"} {
		c.MustRun(t, "systemctl reset-failed systemd-journald; "+command)
		for _, unit := range units {
			c.MustRun(t, "busctl call "+object(daemons[unit], "Service1")+"Reconcile")
		}
		well(t, c)
		c.MustRun(t, "busctl call "+object("Hostname1", "Hostname1")+"SetHostname 'sa{sv}' 'not valid' 0 2>/dev/null; logger heard; journalctl --sync")
		await(t, c, "journalctl -o cat -t root -n 20 | grep -c heard | grep -v ^0 >/dev/null && echo heard", "heard")
	}
	if after := c.MustRun(t, running); after != before {
		t.Errorf("our daemons are now %s, were %s", after, before)
	}
}
