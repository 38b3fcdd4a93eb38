//go:build vm

package update

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/image/repository"
	"resinos.io/shared/release"
)

// TestSupervisor updates a device over the HTTP API of its supervisor alone, which is
// also part of what the new system has to prove.
func TestSupervisor(t *testing.T) {
	s := newSite(t)
	m := start(t, s)
	s.settle(t, m)
	archive := filepath.Join(t.TempDir(), "supervisor.tar")
	run(t, "../../image/supervisor/build-image", archive)
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m.Put(t, "/var/lib/resin-preload/supervisor.tar", file)
	m.Run(t, "resinctl config set supervisorImage resinos/supervisor:2.0.0-rev1")
	const active = "systemctl is-active resin-supervisor"
	m.Await(t, 3*time.Minute, active, "active")
	ask := func(how, path string) string {
		t.Helper()
		return m.Run(t, `curl -sS -H "Authorization: Bearer $(cat /mnt/data/resin-supervisor/api-key)" -w ' %{http_code}' -X `+how+" http://127.0.0.1:48484"+path)
	}
	s.publish(t, "2.0.1", nil)
	version, err := release.ParseVersion("2.0.1")
	if err != nil {
		t.Fatal(err)
	}
	everyone := release.Rollout{Share: release.Everyone} // nobody names the version here
	if _, err := s.repo.Rollout(t.Context(), repository.Selection{Version: version}, everyone); err != nil {
		t.Fatal(err)
	}
	if got := ask("POST", "/v1/update"); !strings.HasSuffix(got, " 200") || !strings.Contains(got, "/io/resinos/Update1/") {
		t.Fatalf("the update: %s", got)
	}
	installed(t, m, "2.0.1")
	if got := ask("GET", "/v1/device"); !strings.HasSuffix(got, " 200") || !strings.Contains(got, "2.0.0+rev1") {
		t.Errorf("the device: %s", got)
	}
	if got := ask("POST", "/v1/reboot"); !strings.HasSuffix(got, " 202") {
		t.Fatalf("the reboot: %s", got)
	}
	m.Drop()
	await(t, m, bootTime, "CurrentVersion", "2.0.1")
	await(t, m, bootTime, "TryPending", "false")
	runs(t, m, "2.0.1", "B")
	m.Await(t, time.Minute, active, "active")
	if got := ask("GET", "/v1/device"); !strings.Contains(got, "2.0.1") {
		t.Errorf("the device: %s", got)
	}
}
