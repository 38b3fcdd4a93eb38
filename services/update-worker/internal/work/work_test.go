package work

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/trust/sign"
	"resinos.io/shared/updatework"
)

// A site is a repository, and a device that runs 1.0.0 in slot A.
type site struct {
	t      *testing.T
	repo   *sign.Repository
	work   Work
	now    time.Time
	said   []updatework.Report
	asked  int // how often permission to write was asked for
	before []byte
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	s := &site{t: t, now: time.Now()}
	s.repo = &sign.Repository{
		Dir: filepath.Join(dir, "repo"), Keys: filepath.Join(dir, "keys"),
		Now: func() time.Time { return s.now }, Policy: sign.DefaultPolicy,
	}
	s.must(s.repo.Create(t.Context()))
	s.work = Work{
		Request: updatework.Request{
			Operation: updatework.Install, Repository: s.repo.Dir,
			Device: updatework.Device{Type: "board", Variant: "production", Channel: "stable", UUID: "u", Version: "1.0.0"},
			Root:   s.repo.RootFile(), Floor: filepath.Join(dir, "floor.json"), Dir: filepath.Join(dir, "state"), Boot: filepath.Join(dir, "boot"),
			Target: filepath.Join(dir, "B"), TargetSlot: "B", Seed: filepath.Join(dir, "A"), SeedSlot: "A",
		},
		Now:  func() time.Time { return s.now },
		Tell: func(r updatework.Report) error { s.said = append(s.said, r); return nil },
		Go:   func() error { s.asked++; return nil },
	}
	s.must(errors.Join(os.Mkdir(s.work.Dir, 0o755), os.Mkdir(s.work.Boot, 0o755)))
	s.must(os.WriteFile(s.work.Seed, content("1.0.0"), 0o600))
	s.before = bytes.Repeat([]byte{0xaa}, 2<<20)
	s.must(os.WriteFile(s.work.Target, s.before, 0o600))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// content is the image of a version: a megabyte of which a part is its own.
func content(version string) []byte {
	data := make([]byte, 0, 1<<20)
	for block := sha256.Sum256(nil); len(data) < 1<<20; block = sha256.Sum256(block[:]) {
		data = append(data, block[:]...)
	}
	block := sha256.Sum256([]byte(version))
	for at := 300 << 10; at < 500<<10; at += len(block) {
		copy(data[at:], block[:])
		block = sha256.Sum256(block[:])
	}
	return data
}

// publish adds a release, changed as change says.
func (s *site) publish(version string, change func(*release.Manifest)) {
	s.t.Helper()
	parsed, err := release.ParseVersion(version)
	s.must(err)
	image := content(version)
	encoder, err := casync.NewEncoder()
	s.must(err)
	index, err := casync.Make(s.t.Context(), bytes.NewReader(image), casync.DefaultSizes(), func(id casync.ID, data []byte) error {
		path := filepath.Join(s.repo.Dir, trust.ChunkStore, casync.Path(id))
		return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, encoder.Encode(data), 0o600))
	})
	s.must(err)
	indexed, err := index.Bytes()
	s.must(err)
	manifest := &release.Manifest{
		Format: release.Format, Version: parsed, DeviceType: "board", Variant: "production", Channel: "stable",
		Image: release.File{Size: int64(len(image)), SHA256: sum(image)},
		Index: release.File{Path: version + ".caibx", Size: int64(len(indexed)), SHA256: sum(indexed)}, Rollout: release.Rollout{Share: release.Everyone},
	}
	if change != nil {
		change(manifest)
	}
	data, err := manifest.Bytes()
	s.must(err)
	s.must(s.repo.Update(s.t.Context(), map[string][]byte{
		trust.ManifestName(manifest.DeviceType, manifest.Variant, manifest.Version): data, manifest.Index.Path: indexed,
	}))
}

func sum(data []byte) string {
	hash := sha256.Sum256(data)
	return hex.EncodeToString(hash[:])
}

// do does the work and returns the name of its error, "" if it was done.
func (s *site) do() string {
	s.t.Helper()
	s.said, s.asked = nil, 0
	w := s.work
	err := w.Do(s.t.Context())
	if err == nil {
		return ""
	}
	s.t.Log(err)
	return Named(err).Name
}

// want says which version the slot holds now.
func (s *site) want(version string) {
	s.t.Helper()
	data, err := os.ReadFile(s.work.Target)
	s.must(err)
	if !bytes.Equal(data[:1<<20], content(version)) {
		s.t.Errorf("the slot does not hold %s", version)
	}
}

// refused says that nothing was written, and that the updater was not even asked.
func (s *site) refused(name string) {
	s.t.Helper()
	if got := s.do(); got != name {
		s.t.Errorf("got %q, want %q", got, name)
	}
	data, err := os.ReadFile(s.work.Target)
	s.must(err)
	if !bytes.Equal(data, s.before) || s.asked != 0 {
		s.t.Errorf("something was written, or would have been (asked %d times)", s.asked)
	}
}

func TestInstall(t *testing.T) {
	s := newSite(t)
	s.publish("1.1.0", nil)
	s.publish("1.2.0", nil)
	server := httptest.NewServer(http.FileServer(http.Dir(s.repo.Dir)))
	defer server.Close()
	s.work.Repository = server.URL
	if name := s.do(); name != "" || s.asked != 1 {
		t.Fatalf("%s, asked %d times", name, s.asked)
	}
	s.want("1.2.0")
	s.work.Repository, s.work.Version = "file://"+s.repo.Dir, "1.1.0"
	if name := s.do(); name != "" {
		t.Fatal(name)
	}
	s.want("1.1.0")
}

func TestCheck(t *testing.T) {
	s := newSite(t)
	s.work.Operation = updatework.Check
	for _, want := range []string{"", "1.1.0"} {
		if name := s.do(); name != "" || len(s.said) != 1 || s.said[0].Found == nil || s.said[0].Found.Version != want || s.asked != 1 {
			t.Errorf("%q: %s, %+v, asked %d times", want, name, s.said, s.asked)
		}
		s.publish("1.1.0", nil)
	}
}

func TestRefused(t *testing.T) {
	old := func(s *site) release.Version {
		version, err := release.ParseVersion("1.0.5")
		s.must(err)
		return version
	}
	for name, c := range map[string]struct {
		prepare func(*site)
		want    string
	}{
		"nothing there":  {func(*site) {}, updatework.NoRelease},
		"nothing newer":  {func(s *site) { s.publish("1.0.0", nil) }, updatework.NoRelease},
		"another device": {func(s *site) { s.publish("1.1.0", func(m *release.Manifest) { m.DeviceType = "other" }) }, updatework.WrongDevice},
		"another variant": {func(s *site) {
			s.publish("1.1.0", func(m *release.Manifest) { m.Variant = "development" })
			s.work.Version = "1.1.0"
		}, updatework.WrongDevice},
		"too old": {func(s *site) { v := old(s); s.publish("1.1.0", func(m *release.Manifest) { m.MinVersion = &v }) }, updatework.TooOld},
		"too old, exactly": {func(s *site) {
			v := old(s)
			s.publish("1.1.0", func(m *release.Manifest) { m.MinVersion = &v })
			s.work.Version = "1.1.0"
		}, updatework.TooOld},
		"not yet": {func(s *site) { s.publish("1.1.0", func(m *release.Manifest) { m.Rollout.Share = 0 }) }, updatework.NotYet},
		"withdrawn": {func(s *site) {
			s.publish("1.1.0", func(m *release.Manifest) { m.Rollout.Pulled = true })
			s.work.Version = "1.1.0"
		}, updatework.NoRelease},
		"downgrade": {func(s *site) { s.publish("0.9.0", nil); s.work.Version = "0.9.0" }, updatework.Downgrade},
		"too large": {func(s *site) { s.publish("1.1.0", nil); s.truncate(1<<20 - 1) }, updatework.TooLarge},
		"metered":   {func(s *site) { s.publish("1.1.0", nil); s.work.Seed, s.work.Metered = "", true }, updatework.NotYet},
		"index of another image": {func(s *site) {
			s.publish("1.1.0", func(m *release.Manifest) { m.Image.Size++ })
		}, updatework.Untrusted},
		"expired": {func(s *site) { s.publish("1.1.0", nil); s.now = s.now.AddDate(0, 3, 0) }, updatework.Expired},
		"another maker": {func(s *site) {
			s.publish("1.1.0", nil)
			s.work.Root = newSite(s.t).work.Root
		}, updatework.Untrusted},
		"wrong address": {func(s *site) { s.work.Repository = filepath.Join(s.t.TempDir(), "none") }, updatework.Unreachable},
		"older than shipped": {func(s *site) {
			floor, err := json.Marshal(trust.Floor{Root: 7})
			s.must(err)
			s.must(os.WriteFile(s.work.Floor, floor, 0o600))
		}, updatework.Replayed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			c.prepare(s)
			s.refused(c.want)
		})
	}
}

func (s *site) truncate(size int64) {
	s.t.Helper()
	s.must(os.Truncate(s.work.Target, size))
	s.before = s.before[:size]
}

func TestDowngradeWhenAsked(t *testing.T) {
	s := newSite(t)
	s.publish("0.9.0", nil)
	s.work.Version, s.work.Downgrade = "0.9.0", true
	if name := s.do(); name != "" {
		t.Fatal(name)
	}
	s.want("0.9.0")
}

// TestReplayed shows the device an older state of the repository.
func TestReplayed(t *testing.T) {
	s := newSite(t)
	s.publish("1.1.0", nil)
	older := filepath.Join(t.TempDir(), "older")
	s.must(os.CopyFS(older, os.DirFS(s.repo.Dir)))
	s.publish("1.2.0", nil)
	s.work.Operation = updatework.Check
	if name := s.do(); name != "" {
		t.Fatal(name)
	}
	s.work.Operation, s.work.Repository = updatework.Install, older
	s.refused(updatework.Replayed)
}

// TestMixed shows it the chunks and targets of one repository under the metadata of another.
func TestMixed(t *testing.T) {
	s := newSite(t)
	s.publish("1.1.0", nil)
	other := newSite(t)
	other.publish("1.1.0", func(m *release.Manifest) { m.Rollout.Share-- })
	mixed := filepath.Join(t.TempDir(), "mixed")
	s.must(os.CopyFS(mixed, os.DirFS(s.repo.Dir)))
	timestamp, err := os.ReadFile(filepath.Join(other.repo.Dir, "metadata", "timestamp.json"))
	s.must(err)
	s.must(os.WriteFile(filepath.Join(mixed, "metadata", "timestamp.json"), timestamp, 0o600))
	s.work.Repository = mixed
	s.refused(updatework.Untrusted)
}

func TestCancelled(t *testing.T) {
	s := newSite(t)
	s.publish("1.1.0", nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := s.work
	if err := w.Do(ctx); err == nil || Named(err).Name != updatework.Cancelled {
		t.Errorf("got %v", err)
	}
}

// TestBootFiles: those that are missing are added, also after a power cut in the
// middle of it; those that are there are left.
func TestBootFiles(t *testing.T) {
	s := newSite(t)
	data := []byte("a boot file")
	s.must(os.MkdirAll(filepath.Join(s.repo.Dir, filepath.Dir(trust.BootPath(sum(data)))), 0o755))
	s.must(os.WriteFile(filepath.Join(s.repo.Dir, trust.BootPath(sum(data))), data, 0o600))
	s.publish("1.1.0", func(m *release.Manifest) {
		for _, path := range []string{"EFI/BOOT/NEW.BIN", "EFI/BOOT/OLD.BIN"} {
			m.Boot = append(m.Boot, release.File{Path: path, Size: int64(len(data)), SHA256: sum(data)})
		}
	})
	dir := filepath.Join(s.work.Boot, "EFI/BOOT")
	s.must(os.MkdirAll(dir, 0o755))
	for name, text := range map[string]string{"OLD.BIN": "as it was", "NEW.JNL": "half a side file", "NEW.TMP": "half a file"} {
		s.must(os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	if name := s.do(); name != "" {
		t.Fatal(name)
	}
	left := map[string]string{}
	all, err := os.ReadDir(dir)
	s.must(err)
	for _, entry := range all {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		s.must(err)
		left[entry.Name()] = string(text)
	}
	if len(left) != 2 || left["NEW.BIN"] != string(data) || left["OLD.BIN"] != "as it was" {
		t.Errorf("the boot partition has %q", left)
	}
}
