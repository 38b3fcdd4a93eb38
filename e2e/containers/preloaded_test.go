//go:build vm

package containers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestPreloaded builds an image with the supervisor in it, and boots that without a
// registry: the supervisor runs, outlives a purge that it was asked for, and turns the
// device off.
func TestPreloaded(t *testing.T) {
	m := device.Start(t, device.Options{
		Image: preloaded(t), Disk: "4G",
		Boot: map[string][]byte{"/config.json": []byte(`{"supervisorImage":"` + supervisorImage + `"}`)},
	})
	key := secret(t, m)
	t.Run("purge", func(t *testing.T) {
		m.Run(t, "echo application > /mnt/data/resin-supervisor/left; echo state > /var/lib/bluetooth/left; sync")
		post(t, m, "/v1/purge", `{"scope":"all"}`)
		boot := m.Run(t, "cat /proc/sys/kernel/random/boot_id")
		post(t, m, "/v1/reboot", "{}")
		m.Reconnect(t, boot)
		if fresh := secret(t, m); fresh == key {
			t.Error("the key of the API outlived a purge")
		}
		if left := m.Run(t, "ls /mnt/data/resin-supervisor/left /var/lib/bluetooth/left 2>/dev/null || true"); left != "" {
			t.Errorf("left of a purge: %s", left)
		}
	})
	t.Run("shutdown", func(t *testing.T) {
		post(t, m, "/v1/shutdown", "{}")
		select {
		case <-m.Done():
		case <-time.After(soon):
			t.Fatal("the device does not turn off")
		}
	})
}

// secret waits until the supervisor is healthy and returns the key of its API.
func secret(t *testing.T, m *device.Machine) string {
	t.Helper()
	m.Await(t, soon, "systemctl is-active resin-supervisor; curl -s http://127.0.0.1:48484/ping", "active\nOK")
	return m.Run(t, "cat "+keyFile)
}

func post(t *testing.T, m *device.Machine, path, body string) {
	t.Helper()
	if got := api(t, m, "POST "+path, body); !strings.HasSuffix(got, " 202") {
		t.Fatalf("%s: %s", path, got)
	}
}

// preloaded builds the image as its README says, beside the one without.
func preloaded(t *testing.T) string {
	t.Helper()
	build, err := filepath.Abs("../../build")
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "supervisor.tar")
	if err := os.WriteFile(archive, supervisorArchive(t), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(build, "preloaded")
	script := `mkdir -p "$1" && ln -sfn "$2/cache" "$1/cache" && cp -a "$2/keys" "$2/repo" "$1"`
	if out, err := exec.CommandContext(t.Context(), "sh", "-ec", script, "sh", dir, build).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	command := exec.CommandContext(t.Context(), "../../image/build", "development")
	command.Env = append(os.Environ(), "BUILD_DIR="+dir, "SUPERVISOR="+archive)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cannot build the image: %v: %s", err, out[max(0, len(out)-2000):])
	}
	return filepath.Join(dir, "images/resinos-development.img")
}
