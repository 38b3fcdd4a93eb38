//go:build vm

package update

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestUpdate takes one device from A to B, where a third version is refused by a
// check of its own, and back to A with a version that proves itself.
func TestUpdate(t *testing.T) {
	s := newSite(t)
	m := start(t, s)
	steps := []struct {
		name string
		do   func(t *testing.T)
	}{
		{"refused", func(t *testing.T) { refused(t, m) }},
		{"to B", func(t *testing.T) {
			s.settle(t, m)
			s.publish(t, "2.0.1", nil)
			provesItself(t, s, m, "2.0.1", "B")
		}},
		{"refused by a check", func(t *testing.T) {
			s.publish(t, "2.0.2", dropIn().files)
			goesBack(t, m, "2.0.2", dropIn())
		}},
		{"to A", func(t *testing.T) {
			s.publish(t, "2.0.3", nil)
			provesItself(t, s, m, "2.0.3", "A")
		}},
	}
	for _, step := range steps { // each goes on from where the one before left the device
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

// refused asks for what may not be had; nothing of the slot changes.
func refused(t *testing.T, m *device.Machine) {
	if out, err := m.Try(t, call+"Install 'sa{sv}' ftp://example.org 0"); err == nil || !strings.Contains(err.Error(), "ftp") {
		t.Errorf("a source that is none: %s, %v", out, err)
	}
	if out, err := m.Try(t, "setpriv --reuid=65534 --clear-groups "+call+"MarkGood"); err == nil {
		t.Errorf("nobody may change something: %s", out)
	}
	m.Run(t, call+`Install 'sa{sv}' "" 1 version s 1.0.0`)
	await(t, m, time.Minute, "ActiveJob", "/")
	if slots := property(t, m, "Slots"); !strings.Contains(slots, "empty") {
		t.Errorf("the slots are %s", slots)
	}
}

// provesItself installs a version that is well, into slot.
func provesItself(t *testing.T, s *site, m *device.Machine, version, slot string) {
	before := owned(t, m)
	install(t, m, version)
	if primary := property(t, m, "PrimarySlot"); primary != slot {
		t.Errorf("the next boot is into slot %q", primary)
	}
	reboot(t, m)
	await(t, m, bootTime, "CurrentVersion", version)
	await(t, m, bootTime, "TryPending", "false")
	runs(t, m, version, slot)
	s.whole(t, m, slot, version)
	if event, what, _ := lastEvent(t, m); event != "good" || what != version {
		t.Errorf("the history ends with %s %s", event, what)
	}
	if reason := property(t, m, "LastRollbackReason"); reason != "" {
		t.Errorf("rolled back: %s", reason)
	}
	if after := owned(t, m); after != before {
		t.Errorf("what is the owner's was\n%s\nand is\n%s", before, after)
	}
}
