//go:build vm

package update

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
	"resinos.io/shared/trust"
)

const (
	object = " io.resinos.Update1 /io/resinos/Update1 io.resinos.Update1 "
	call   = "busctl call" + object
	get    = "busctl --json=short get-property" + object
	// jobTime is for one image to be written, and bootTime for a boot, without KVM.
	jobTime  = 20 * time.Minute
	bootTime = 10 * time.Minute
)

// start boots a fresh device that takes its updates from s, and on which its owner
// has left things.
func start(t *testing.T, s *site) *device.Machine {
	t.Helper()
	m := device.Start(t, device.Options{Disk: "4G"})
	m.Run(t, `jq '.os.update.url="`+s.url+`" | .owner="kept"' /mnt/boot/config.json > /tmp/new && cp /tmp/new /mnt/boot/config.json`)
	var logo bytes.Buffer
	if err := png.Encode(&logo, image.NewGray(image.Rect(0, 0, 64, 48))); err != nil {
		t.Fatal(err)
	}
	m.Put(t, "/mnt/boot/splash/resin-logo.png", &logo)
	m.Run(t, `mkdir -p /mnt/boot/system-connections
printf '[connection]\nid=spare\ntype=ethernet\ninterface-name=none0\n' > /mnt/boot/system-connections/spare.nmconnection
echo mine > /mnt/state/mine; echo mine > /var/lib/resinos/mine; sync`)
	m.Await(t, time.Minute, "busctl call io.resinos.Update1 /io/resinos/Update1 io.resinos.Service1 Reconcile >/dev/null; "+
		"busctl get-property io.resinos.Update1 /io/resinos/Update1 io.resinos.Service1 State", `s "ready"`)
	return m
}

// settle leaves the device as one that was updated before: the other slot has an older
// system, here the same one, and it is known what both of them hold. Without it the
// first installation looks at all of the running slot and writes all of the other.
func (s *site) settle(t *testing.T, m *device.Machine) {
	t.Helper()
	index, err := os.ReadFile(filepath.Join(s.repo.Dir(), trust.TargetPath(s.base.Index.Path, s.base.Index.SHA256)))
	if err != nil {
		t.Fatal(err)
	}
	for _, slot := range []string{"A", "B"} {
		m.Put(t, "/var/lib/resinos/updater/slot-"+slot+".caibx", bytes.NewReader(index))
	}
	m.Run(t, "dd if=/dev/disk/by-partlabel/resin-rootA of=/dev/disk/by-partlabel/resin-rootB bs=4M conv=fsync status=none")
}

// owned returns what no update may touch: the owner's files on the boot partition,
// with their content, and on the state partition.
func owned(t *testing.T, m *device.Machine) string {
	t.Helper()
	return m.Run(t, "cd /mnt/boot && find config.json splash system-connections -type f | sort | xargs sha256sum && cat /mnt/state/mine /var/lib/resinos/mine")
}

// property returns a property as text; a bool is "true" or "false".
func property(t *testing.T, m *device.Machine, name string) string {
	t.Helper()
	text, err := ask(t, m, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ask is property for a machine that may be going down.
func ask(t *testing.T, m *device.Machine, name string) (string, error) {
	out, err := m.Ask(t, get+name)
	if err != nil {
		return "", err
	}
	return valueOf(out)
}

// await waits until a property has a value, without asking all the time. The machine may reboot meanwhile.
func await(t *testing.T, m *device.Machine, limit time.Duration, name, want string) {
	t.Helper()
	got, err := "", error(nil)
	for begin := time.Now(); time.Since(begin) < limit; time.Sleep(2 * time.Second) {
		if got, err = ask(t, m, name); err == nil && got == want {
			return
		}
	}
	history, _ := ask(t, m, "History") // to be told, if there is one
	t.Fatalf("%s is %q, %v after %v, want %q; history: %s", name, got, err, limit, want, history)
}

// lastEvent returns the newest line of the history: event, version and detail.
func lastEvent(t *testing.T, m *device.Machine) (event, version, detail string) {
	out, err := m.Ask(t, get+"History")
	var value struct{ Data [][]any }
	if err != nil || json.Unmarshal([]byte(out), &value) != nil || len(value.Data) == 0 {
		return "", "", ""
	}
	last := value.Data[len(value.Data)-1]
	return fmt.Sprint(last[1]), fmt.Sprint(last[2]), fmt.Sprint(last[3])
}

// begin starts the installation of a version, which need not be newer.
func begin(t *testing.T, m *device.Machine, version, options string) {
	t.Helper()
	given := 2 + len(strings.Fields(options))/3
	m.Run(t, fmt.Sprintf(`%s Install 'sa{sv}' "" %d version s %s downgrade b true %s`, call, given, version, options))
}

// install installs a version and returns when the next boot will try it.
func install(t *testing.T, m *device.Machine, version string) {
	t.Helper()
	begin(t, m, version, "")
	installed(t, m, version)
}

func installed(t *testing.T, m *device.Machine, version string) {
	t.Helper()
	await(t, m, jobTime, "ActiveJob", "/")
	if event, what, detail := lastEvent(t, m); event != "installed" || what != version {
		t.Fatalf("%s is not in place: %s %s: %s; %s", version, event, what, detail, m.Run(t, "journalctl -u updater -n 20 --no-pager"))
	}
}

// reboot reboots through the updater.
func reboot(t *testing.T, m *device.Machine) {
	t.Helper()
	m.Run(t, call+"Reboot 'a{sv}' 0")
	m.Drop()
}

// runs checks which system runs, and that nothing is pending.
func runs(t *testing.T, m *device.Machine, version, slot string) {
	t.Helper()
	for name, want := range map[string]string{"CurrentVersion": version, "BootedSlot": slot, "PrimarySlot": slot, "TryPending": "false"} {
		if got := property(t, m, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// whole checks that a slot has exactly what was published as version.
func (s *site) whole(t *testing.T, m *device.Machine, slot, version string) {
	t.Helper()
	image := s.images[version]
	sum := m.Run(t, fmt.Sprintf("head -c %d /dev/disk/by-partlabel/resin-root%s | sha256sum", image.Size, slot))
	if got, _, _ := strings.Cut(sum, " "); got != image.SHA256 {
		t.Errorf("slot %s has %s, version %s is %s", slot, got, version, image.SHA256)
	}
}
