//go:build vm

package update

import (
	"strconv"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestTrial goes through what a person does to a device that is on trial, and after
// it: none of it is a failure of the system.
func TestTrial(t *testing.T) {
	s := newSite(t)
	m := start(t, s)
	s.settle(t, m)
	s.publish(t, "2.0.1", map[string]string{
		"/usr/lib/updater/health.d/10-test": "#!/bin/sh\n[ -e /mnt/state/proven ] || { echo not yet; exit 1; }\n",
	})
	before := owned(t, m)
	install(t, m, "2.0.1")
	reboot(t, m)
	onTrial(t, m, 1)
	m.Reboot(t)
	onTrial(t, m, 1) // in order, so the boot before it is none to count
	for i := range 3 {
		m.PowerCycle(t)
		onTrial(t, m, 2+i)
	}
	if out, err := m.Try(t, call+`Install 'sa{sv}' "" 0`); err == nil {
		t.Errorf("an update of a system on trial begins: %s", out)
	}
	m.Run(t, "touch /mnt/state/proven")
	await(t, m, bootTime, "TryPending", "false")
	t.Run("after it", func(t *testing.T) { staysProven(t, m) })
	s.whole(t, m, "B", "2.0.1")
	if after := owned(t, m); after != before {
		t.Errorf("what is the owner's was\n%s\nand is\n%s", before, after)
	}
}

// onTrial waits for the new system, which has all its tries but this one again, and
// of which so many boots are remembered that may have been crashes.
func onTrial(t *testing.T, m *device.Machine, boots int) {
	t.Helper()
	await(t, m, bootTime, "CurrentVersion", "2.0.1")
	await(t, m, time.Minute, "TryPending", "true")
	m.Await(t, time.Minute, "grep -ao 'tries=[0-9]*' /mnt/boot/EFI/BOOT/grubenv", "tries=2")
	m.Await(t, time.Minute, "jq '.trial.boots | length' /var/lib/resinos/updater/book.json", strconv.Itoa(boots))
	if event, _, detail := lastEvent(t, m); event != "installed" {
		t.Errorf("the history ends with %s: %s", event, detail)
	}
}

// staysProven breaks the system, and cuts the power early in its boot more often than
// a trial has tries: it has proven itself, and nothing rolls back any more.
func staysProven(t *testing.T, m *device.Machine) {
	m.Run(t, "rm /mnt/state/proven; sync; systemctl stop docker.socket docker.service; systemctl restart updater.service")
	await(t, m, time.Minute, "TryPending", "false")
	for i := range 5 {
		m.PowerCycle(t)
		time.Sleep(time.Duration(i+1) * 4 * time.Second)
	}
	m.PowerCycle(t)
	await(t, m, bootTime, "CurrentVersion", "2.0.1")
	runs(t, m, "2.0.1", "B")
	if event, version, detail := lastEvent(t, m); event != "good" || version != "2.0.1" {
		t.Errorf("the history ends with %s %s: %s", event, version, detail)
	}
	if reason := property(t, m, "LastRollbackReason"); reason != "" {
		t.Errorf("rolled back: %s", reason)
	}
}
