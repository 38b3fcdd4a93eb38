//go:build container

package update

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// mute is an engine that never answers: the trial goes on for as long as the test does.
const mute = "[Service]\nType=exec\nWatchdogSec=0\nExecStart=\nExecStart=/bin/sleep infinity\n"

// TestBootsOfATrial reboots a system on trial in order, which gives its tries back,
// and cuts its power, which is told from a crash by coming as far as the updater.
func TestBootsOfATrial(t *testing.T) {
	s := newSlots(t, map[string][]byte{"docker.service.d/99-test.conf": []byte(mute)})
	s.begin(t, 0)
	s.installed(t)
	s.Restart(t, func() { s.load(t, "3", "2") })
	s.trial(t, 1)
	for range 2 {
		s.Restart(t, func() { s.load(t, "3", "2") }) // given back by the clean reboot
		s.trial(t, 1)
	}
	for i := range 3 {
		s.PowerCycle(t, func() { s.load(t, "2", "1") })
		s.trial(t, 2+i)
	}
	s.MustRun(t, "busctl call"+service+"MarkGood")
	s.await(t, "TryPending", "false")
	if env := s.environment(t); env["slot"] != "B" || env["good"] != "B" || env["tries"] != "" {
		t.Errorf("the next boot is by %v", env)
	}
}

// load does what the boot loader does: it takes a try away and starts slot B.
func (s *slots) load(t *testing.T, tries, left string) {
	t.Helper()
	if env := s.environment(t); env["slot"] != "B" || env["good"] != "A" || env["tries"] != tries {
		t.Errorf("the boot loader finds %v, want %s tries", env, tries)
	}
	path := filepath.Join(s.Boot, "EFI/BOOT/grubenv")
	run(t, "sed", "-i", "s/^tries=.*/tries="+left+"/", path)
	if err := os.WriteFile(filepath.Join(s.Boot, "test/cmdline"), []byte("resin.slot=B\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// trial checks that slot B is on trial, with the tries after one boot, and how many
// boots of it may have been crashes.
func (s *slots) trial(t *testing.T, boots int) {
	t.Helper()
	s.await(t, "BootedSlot", "B")
	s.await(t, "TryPending", "true")
	if env := s.environment(t); env["tries"] != "2" {
		t.Errorf("%s tries are left, want 2", env["tries"])
	}
	if got := s.MustRun(t, "jq '.trial.boots | length' /var/lib/resinos/updater/book.json"); got != strconv.Itoa(boots) {
		t.Errorf("%s boots are counted, want %d", got, boots)
	}
}
