//go:build container

package update

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/container"
	"resinos.io/image/repository"
	"resinos.io/shared/release"
)

const (
	service = " io.resinos.Update1 /io/resinos/Update1 io.resinos.Update1 "
	// payload is what has to be downloaded, in bytes; it compresses to no less.
	payload = 24 << 20
	version = "2.0.1" // of the one release
	waiting = 2 * time.Minute
)

// unit makes the container's updater take files of the boot and data partitions for
// what a container does not have, and the keys of the test for the image's.
const unit = `[Service]
ProtectProc=default
BindReadOnlyPaths=/mnt/boot/test/cmdline:/proc/cmdline
BindReadOnlyPaths=/mnt/boot/test/root.json:/usr/share/resinos/update/root.json
ReadWritePaths=/mnt/data
`

// slots are a container whose slots are files, and the repository that it reaches.
type slots struct {
	*container.Container
	*server
	manifest *release.Manifest
}

// newSlots starts one with a release in its repository, from slot A.
func newSlots(t *testing.T, units map[string][]byte) *slots {
	t.Helper()
	dir := t.TempDir()
	repo, err := repository.Open(filepath.Join(dir, "repo"), filepath.Join(dir, "keys"))
	if err == nil {
		err = repo.Create(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	s := &slots{}
	if s.manifest, err = repo.Publish(t.Context(), repository.Publication{Image: smallRoot(t, dir), Share: 10000}); err != nil {
		t.Fatal(err)
	}
	trusted, err := os.ReadFile(repo.RootFile())
	if err != nil {
		t.Fatal(err)
	}
	if units == nil {
		units = map[string][]byte{}
	}
	units["updater.service.d/20-test.conf"] = []byte(unit)
	s.Container = container.Start(t, container.Options{Units: units, Boot: map[string][]byte{
		"test/cmdline": []byte("resin.slot=A\n"), "test/root.json": trusted,
	}})
	run(t, "truncate", "-s", "64M", filepath.Join(s.Data, "A"), filepath.Join(s.Data, "B"))
	run(t, "ip", "address", "add", "198.51.100.1/24", "dev", s.Interface())
	s.server = serve(t, repo.Dir(), "198.51.100.1")
	s.plug(t)
	return s
}

// smallRoot makes a root that is like the image's in what the updater looks at.
func smallRoot(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(build, "work/development/root", release.OSRelease))
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`(?m)^IMAGE_VERSION=.*`).ReplaceAll(text, []byte("IMAGE_VERSION="+version))
	random := make([]byte, payload)
	if _, err := rand.NewChaCha8([32]byte{1}).Read(random); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	err = errors.Join(os.MkdirAll(filepath.Join(root, "usr/lib"), 0o755), os.WriteFile(filepath.Join(root, release.OSRelease), text, 0o600),
		os.WriteFile(filepath.Join(root, "payload"), random, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	run(t, "/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-d", root, root+".img", "48M")
	return root + ".img"
}

// plug connects the container after each of its boots, and gives its slots their names.
func (s *slots) plug(t *testing.T) {
	t.Helper()
	run(t, "ip", "address", "replace", "198.51.100.1/24", "dev", s.Interface()) // it is another one after each boot
	run(t, "ip", "link", "set", s.Interface(), "up")
	s.MustRun(t, `nmcli device set host0 managed no
ip address add 198.51.100.2/24 dev host0; ip link set host0 up
mkdir -p /dev/disk/by-partlabel; for slot in A B; do ln -sfn /mnt/data/$slot /dev/disk/by-partlabel/resin-root$slot; done`)
}

// get returns a property of the updater as text.
func (s *slots) get(t *testing.T, name string) string {
	t.Helper()
	text, err := s.ask(t, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// ask is get for an updater that may be about to start again.
func (s *slots) ask(t *testing.T, name string) (string, error) {
	out, err := s.Run(t.Context(), "busctl --json=short get-property"+service+name)
	if err != nil {
		return "", err
	}
	return valueOf(out)
}

func (s *slots) await(t *testing.T, name, want string) {
	t.Helper()
	got, err := "", error(nil)
	for begin := time.Now(); time.Since(begin) < waiting; time.Sleep(100 * time.Millisecond) {
		if got, err = s.ask(t, name); err == nil && got == want {
			return
		}
	}
	t.Fatalf("%s is %q, %v after %v, want %q; history: %s", name, got, err, waiting, want, s.get(t, "History"))
}

// begin starts the installation, at a rate in bytes per second; 0 is as fast as it goes.
func (s *slots) begin(t *testing.T, rate int) {
	t.Helper()
	s.MustRun(t, fmt.Sprintf("busctl call%sInstall 'sa{sv}' http://198.51.100.1:%d 1 rate t %d", service, s.port, rate))
}

// installed waits for the end of an installation, after which slot B is to be tried.
func (s *slots) installed(t *testing.T) {
	t.Helper()
	s.await(t, "ActiveJob", "/")
	if env := s.environment(t); env["slot"] != "B" || env["good"] != "A" || env["tries"] != "3" {
		t.Fatalf("the next boot is by %v; history: %s; %s", env, s.get(t, "History"), s.MustRun(t, "journalctl -u updater --no-pager | tail -20"))
	}
}

// whole checks that slot B has exactly the release.
func (s *slots) whole(t *testing.T) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.Data, "B"))
	if err != nil {
		t.Fatal(err)
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(data[:s.manifest.Image.Size])); sum != s.manifest.Image.SHA256 {
		t.Errorf("the slot has %s, the release is %s", sum, s.manifest.Image.SHA256)
	}
}

// environment returns the boot loader's variables, see grub-editenv(1).
func (s *slots) environment(t *testing.T) map[string]string {
	t.Helper()
	block, err := os.ReadFile(filepath.Join(s.Boot, "EFI/BOOT/grubenv"))
	if err != nil {
		t.Fatal(err)
	}
	variables := map[string]string{}
	for line := range strings.Lines(string(block)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			variables[name] = value
		}
	}
	return variables
}
