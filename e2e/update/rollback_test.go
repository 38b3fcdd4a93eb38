//go:build vm

package update

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

const kept = "/var/lib/resinos/updater/failed-boot.log"

// A fault is what is wrong with a release, and what is told of it afterwards.
type fault struct {
	name    string
	files   map[string]string // put into its root
	reason  string            // in LastRollbackReason and the history
	journal string            // in what is kept of the failed boot; "": it never came as far as keeping anything
	boots   int               // of the failing system, until it is given up
}

// impatient lets a system on trial be given up early; its checks, not the time, are
// what is tested. Docker takes its time to start, and without it another check fails.
func impatient(files map[string]string) map[string]string {
	files["/usr/lib/systemd/system/updater.service.d/20-test.conf"] = "[Service]\nEnvironment=UPDATER_DEADLINE=3m\n"
	return files
}

func dropIn() fault {
	return fault{
		name:   "check",
		files:  impatient(map[string]string{"/usr/lib/updater/health.d/10-test": "#!/bin/sh\necho the antenna is missing\nexit 1\n"}),
		reason: "10-test: exit status 1: the antenna is missing", journal: "the antenna is missing", boots: 1,
	}
}

// faults are those that TestRollback goes through; the fast ones first.
func faults() []fault {
	return []fault{
		{
			name: "engine",
			files: impatient(map[string]string{
				"/usr/lib/systemd/system/docker.service.d/99-test.conf": "[Service]\nExecStart=\nExecStart=/bin/sh -c 'echo no engine today; exit 1'\n",
			}),
			reason: "units: docker.service is", journal: "no engine today", boots: 1,
		},
		{
			name: "network",
			files: impatient(map[string]string{
				"/etc/NetworkManager/conf.d/99-test.conf": "[keyfile]\nunmanaged-devices=*\n",
			}),
			reason: "network: NetworkManager's state is", journal: "on trial", boots: 1,
		},
		{
			name: "updater",
			files: map[string]string{
				"/usr/lib/systemd/system/updater.service.d/20-test.conf":     "[Service]\nExecStart=\nExecStart=/bin/false\n",
				"/usr/lib/systemd/system/updater-watch.timer.d/20-test.conf": "[Timer]\nOnBootSec=\nOnBootSec=90s\n",
			},
			reason: "slot B did not come up in 3 tries", boots: 3,
		},
		{
			name:   "kernel",
			files:  map[string]string{"/boot/vmlinuz": "no kernel\n"},
			reason: "slot B did not come up in 3 tries", boots: 3,
		},
		{
			name:   "initrd",
			files:  map[string]string{"/boot/initrd.img": "no initrd\n"},
			reason: "slot B did not come up in 3 tries", boots: 3,
		},
		{
			name:   "init",
			files:  map[string]string{"/usr/lib/systemd/systemd": "no init\n"}, // and nothing to execute
			reason: "slot B did not come up in 3 tries", boots: 3,
		},
		{
			name: "hang",
			files: map[string]string{
				"/boot/slot.cfg": `set slot_args="console=ttyS0,115200 init=/usr/bin/hang"` + "\n",
				"/usr/bin/hang":  "#!/bin/sh\nexec sleep 1d\n",
			},
			reason: "slot B did not come up in 3 tries", boots: 6, // a boot of nothing takes three minutes
		},
		{
			name: "crash",
			files: map[string]string{
				"/usr/lib/updater/health.d/10-test":                     "#!/bin/sh\necho not yet\nexit 1\n",
				"/usr/lib/systemd/system/multi-user.target.d/test.conf": "[Unit]\nWants=crash.service\n",
				"/usr/lib/systemd/system/crash.service":                 "[Unit]\nAfter=updater.service\n[Service]\nExecStart=/usr/bin/crash\n",
				"/usr/bin/crash":                                        crashScript,
			},
			reason: "and ended each time before it had proven itself", journal: "now it crashes", boots: 6,
		},
	}
}

// crashScript has the kernel panic at every other boot, and systemd hang, which its
// hardware watchdog sees, at those between.
const crashScript = `#!/bin/sh
echo now it crashes
sleep 30
if rm /mnt/state/panicked; then sync; kill -SEGV 1; fi
touch /mnt/state/panicked; sync; echo c >/proc/sysrq-trigger
`

// TestRollback has a device try releases with one fault each.
func TestRollback(t *testing.T) {
	s := newSite(t)
	m := start(t, s)
	s.settle(t, m)
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			s.publish(t, "2.1.0-"+f.name, f.files)
			goesBack(t, m, "2.1.0-"+f.name, f)
		})
	}
}

// goesBack installs a version that fails, and is on the slot before afterwards.
func goesBack(t *testing.T, m *device.Machine, version string, f fault) {
	old, slot, before := property(t, m, "CurrentVersion"), property(t, m, "BootedSlot"), owned(t, m)
	install(t, m, version)
	begin := time.Now()
	reboot(t, m)
	for limit := time.Duration(f.boots+1) * bootTime; ; time.Sleep(3 * time.Second) {
		event, what, detail := lastEvent(t, m)
		if event == "rolled back" && what == version && strings.Contains(detail, f.reason) {
			break
		}
		if time.Since(begin) > limit {
			t.Fatalf("not back after %v: %s %s: %s", limit, event, what, detail)
		}
	}
	t.Logf("back after %v", time.Since(begin).Round(time.Second))
	await(t, m, bootTime, "TryPending", "false")
	runs(t, m, old, slot)
	if reason := property(t, m, "LastRollbackReason"); !strings.Contains(reason, f.reason) {
		t.Errorf("the reason is %q, want %q", reason, f.reason)
	}
	if slots := property(t, m, "Slots"); !strings.Contains(slots, "failed") {
		t.Errorf("no slot has failed: %s", slots)
	}
	if after := owned(t, m); after != before {
		t.Errorf("what is the owner's was\n%s\nand is\n%s", before, after)
	}
	log, err := m.Try(t, "cat "+kept)
	if f.journal == "" && err == nil {
		t.Errorf("there is a journal of a boot that never came as far: %.500s", log)
	}
	if f.journal != "" && !strings.Contains(log, f.journal) {
		t.Errorf("the failed boot's journal lacks %q: %v, ends with %s", f.journal, err, log[max(0, len(log)-1000):])
	}
}
