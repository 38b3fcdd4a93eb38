//go:build vm

package update

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

const (
	call = "busctl call io.resinos.Update1 /io/resinos/Update1 io.resinos.Update1 "
	get  = "busctl get-property io.resinos.Update1 /io/resinos/Update1 io.resinos.Update1 "
	// jobTime is for one image to be written, without KVM.
	jobTime = 10 * time.Minute
)

// TestUpdate takes one device from A to B and back to A: an update that proves
// itself, then one that a check refuses, then one whose system never comes up.
func TestUpdate(t *testing.T) {
	s := newSite(t)
	s.publish(t, change{version: "2.0.1"})
	m := device.Start(t, device.Options{Disk: "4G"})
	configure(t, m, s.url)
	t.Run("refused", func(t *testing.T) { refused(t, m) })
	t.Run("proves itself", func(t *testing.T) { provesItself(t, m) })
	s.publish(t, change{version: "2.0.2", write: map[string]string{
		"/usr/lib/updater/health.d/10-test":                      "#!/bin/sh\necho the antenna is missing\nexit 1\n",
		"/usr/lib/systemd/system/updater.service.d/20-test.conf": "[Service]\nEnvironment=UPDATER_DEADLINE=20s\n",
	}})
	t.Run("refused by a check", func(t *testing.T) { goesBack(t, m, "2.0.2", "the antenna is missing") })
	s.publish(t, change{version: "2.0.3", write: map[string]string{"/boot/slot.cfg": "set slot_args=\"init=/nonexistent\"\n"}})
	t.Run("never comes up", func(t *testing.T) { goesBack(t, m, "2.0.3", "did not come up in 3 tries") })
}

func configure(t *testing.T, m *device.Machine, url string) {
	t.Helper()
	m.Run(t, `jq '.os.update.url="`+url+`"' /mnt/boot/config.json > /tmp/new && cp /tmp/new /mnt/boot/config.json`)
	m.Await(t, 20*time.Second, "busctl --json=short call io.resinos.Update1 /io/resinos/Update1 io.resinos.Service1 Reconcile >/dev/null; "+
		"busctl get-property io.resinos.Update1 /io/resinos/Update1 io.resinos.Service1 State", `s "ready"`)
}

func property(t *testing.T, m *device.Machine, name string) string {
	t.Helper()
	_, value, _ := strings.Cut(m.Run(t, get+name), " ")
	return strings.Trim(value, `"`)
}

// await waits for a property without asking all the time.
func await(t *testing.T, m *device.Machine, limit time.Duration, name, want string) {
	t.Helper()
	got := ""
	for start := time.Now(); time.Since(start) < limit; time.Sleep(2 * time.Second) {
		if got = property(t, m, name); got == want {
			return
		}
	}
	t.Fatalf("%s is %q after %v, want %q; history: %s", name, got, limit, want, m.Run(t, get+"History"))
}

// refused asks for what may not be had; nothing of the slot changes.
func refused(t *testing.T, m *device.Machine) {
	if out, err := m.Try(t, call+"Install sa{sv} ftp://example.org 0"); err == nil || !strings.Contains(err.Error(), "ftp") {
		t.Errorf("a source that is none: %s, %v", out, err)
	}
	if out, err := m.Try(t, "setpriv --reuid=65534 --clear-groups "+call+"MarkGood"); err == nil {
		t.Errorf("nobody may change something: %s", out)
	}
	m.Run(t, call+`Install sa{sv} "" 1 version s 1.0.0`)
	await(t, m, time.Minute, "ActiveJob", "/")
	if slots := m.Run(t, get+"Slots"); !strings.Contains(slots, `"empty"`) {
		t.Errorf("the slots are %s", slots)
	}
}

// install installs the newest release and reboots into it.
func install(t *testing.T, m *device.Machine, version string) {
	t.Helper()
	m.Run(t, call+`Install sa{sv} "" 1 version s `+version)
	await(t, m, jobTime, "ActiveJob", "/")
	if primary, booted := property(t, m, "PrimarySlot"), property(t, m, "BootedSlot"); primary == booted {
		t.Fatalf("%s is not in place: %s", version, m.Run(t, "journalctl -u updater -n 20 --no-pager; "+get+"History"))
	}
}

func provesItself(t *testing.T, m *device.Machine) {
	m.Run(t, "touch /var/lib/resinos/mark")
	install(t, m, "2.0.1")
	m.Reboot(t)
	await(t, m, 5*time.Minute, "TryPending", "false")
	m.Await(t, 10*time.Second, "sed 's/.*resin.slot=\\(.\\).*/\\1/' /proc/cmdline", "B")
	if version := property(t, m, "CurrentVersion"); version != "2.0.1" {
		t.Errorf("version %s runs", version)
	}
	m.Run(t, "ls /var/lib/resinos/mark") // state survives
	if reason := property(t, m, "LastRollbackReason"); reason != "" {
		t.Errorf("rolled back: %s", reason)
	}
}

// goesBack installs a version that fails, and is on the slot before afterwards.
func goesBack(t *testing.T, m *device.Machine, version, reason string) {
	before, slot := property(t, m, "CurrentVersion"), property(t, m, "BootedSlot")
	install(t, m, version)
	m.Run(t, "systemctl reboot || true")
	var got string
	for start := time.Now(); time.Since(start) < 12*time.Minute; time.Sleep(5 * time.Second) {
		m.Connect(t)
		out, err := m.Try(t, get+"LastRollbackReason")
		if got = out; err == nil && strings.Contains(got, reason) {
			break
		}
	}
	if !strings.Contains(got, reason) {
		t.Fatalf("the reason is %q, want %q", got, reason)
	}
	if now := property(t, m, "CurrentVersion"); now != before || property(t, m, "BootedSlot") != slot {
		t.Errorf("version %s runs from slot %s, want %s from %s", now, property(t, m, "BootedSlot"), before, slot)
	}
	m.Run(t, "ls /var/lib/resinos/mark")
}
