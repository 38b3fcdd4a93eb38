package trust_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/trust/sign"
)

// start is when the repositories of the tests are made.
func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// A site is a repository that is published and a device that reads it.
type site struct {
	t      *testing.T
	repo   *sign.Repository
	device string // the directory of the client
	now    time.Time
	least  trust.Floor
	fetch  map[string]int // how often a file was asked for
	change map[string]func([]byte) []byte
	root   []byte
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, device: t.TempDir(), now: start(), fetch: map[string]int{}, change: map[string]func([]byte) []byte{}}
	s.repo = &sign.Repository{
		Dir: filepath.Join(t.TempDir(), "repo"), Keys: filepath.Join(t.TempDir(), "keys"),
		Now: func() time.Time { return s.now }, Policy: sign.DefaultPolicy,
	}
	s.must(s.repo.Create(t.Context()))
	var err error
	s.root, err = os.ReadFile(s.repo.RootFile())
	s.must(err)
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// Fetch counts, and changes what the network is told to change.
func (s *site) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	s.fetch[path]++
	data, err := trust.Dir(s.repo.Dir).Fetch(ctx, path, limit)
	if change := s.change[path]; change != nil && err == nil {
		data = change(data)
	}
	return data, err
}

func (s *site) refresh() (*trust.View, error) {
	return trust.New(trust.Options{
		Root: s.root, Dir: s.device, Fetcher: s, Now: func() time.Time { return s.now }, Least: s.least,
	}).Refresh(s.t.Context())
}

func (s *site) want(what string, want error) {
	s.t.Helper()
	if _, err := s.refresh(); !errors.Is(err, want) {
		s.t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func (s *site) add(names ...string) {
	s.t.Helper()
	targets := map[string][]byte{}
	for _, name := range names {
		targets[name] = []byte("content of " + name)
	}
	s.must(s.repo.Update(s.t.Context(), targets))
}

// files returns the content of a directory, to be put back with restore.
func (s *site) files(dir string) map[string][]byte {
	s.t.Helper()
	found := map[string][]byte{}
	s.must(filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			found[path], err = os.ReadFile(path)
		}
		return err
	}))
	return found
}

func (s *site) restore(dir string, files map[string][]byte) {
	s.t.Helper()
	s.must(os.RemoveAll(dir))
	s.must(os.MkdirAll(dir, 0o755))
	for path, data := range files {
		s.must(os.MkdirAll(filepath.Dir(path), 0o755))
		s.must(os.WriteFile(path, data, 0o600))
	}
}

func TestRefresh(t *testing.T) {
	s := newSite(t)
	s.want("empty", nil)
	s.add("a/b/x.bin")
	view, err := s.refresh()
	s.must(err)
	data, err := view.Target(t.Context(), "a/b/x.bin", 100)
	if err != nil || string(data) != "content of a/b/x.bin" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := view.Target(t.Context(), "a/b/x.bin", 3); !errors.Is(err, trust.ErrMetadata) {
		t.Errorf("larger than asked for: %v", err)
	}
	if _, err := view.Target(t.Context(), "other", 100); !errors.Is(err, trust.ErrMetadata) {
		t.Errorf("not named: %v", err)
	}
}

// TestPollIsCheap: without news a poll asks for the next root and the timestamp.
func TestPollIsCheap(t *testing.T) {
	s := newSite(t)
	s.want("first", nil)
	clear(s.fetch)
	s.want("second", nil)
	if want := map[string]int{"metadata/2.root.json": 1, "metadata/timestamp.json": 1}; !maps.Equal(s.fetch, want) {
		t.Errorf("fetched %v", s.fetch)
	}
}

func TestExpired(t *testing.T) {
	s := newSite(t)
	s.want("new", nil)
	s.now = start().Add(31 * 24 * time.Hour)
	s.want("a timestamp of last month", trust.ErrExpired)
	s.now = start()
	s.want("the right clock again", nil)
	s.now = start().Add(31 * 24 * time.Hour)
	s.add()
	s.want("renewed", nil)
	s.now = start()
	s.want("a clock that went back", nil)
	s.now = start().Add(800 * 24 * time.Hour)
	s.must(s.repo.Update(t.Context(), nil))
	s.want("the root has expired", trust.ErrExpired)
	s.must(s.repo.RenewRoot(t.Context()))
	s.want("the root was renewed", nil)
}

// TestNoClock: a device without a clock still knows what its image knows.
func TestNoClock(t *testing.T) {
	s := newSite(t)
	s.now = time.Unix(0, 0)
	s.least.Seen = start().Add(31 * 24 * time.Hour)
	s.want("1970, the image is younger", trust.ErrExpired)
	s.least.Seen = start().Add(24 * time.Hour)
	s.want("1970, the image is older", nil)
}

func TestReplayed(t *testing.T) {
	for _, purged := range []string{"", "timestamp.json", "all but floor.json", "all"} {
		t.Run("purged "+purged, func(t *testing.T) {
			s := newSite(t)
			s.add("old")
			old := s.files(s.repo.Dir)
			s.add("new")
			view, err := s.refresh()
			s.must(err)
			s.restore(s.repo.Dir, old)
			for path := range s.files(s.device) {
				name := filepath.Base(path)
				if purged == name || purged == "all" || strings.HasPrefix(purged, "all but") && name != "floor.json" {
					s.must(os.Remove(path))
				}
			}
			if purged == "all" { // the next image knows
				s.least = view.Floor
			}
			s.want("old metadata", trust.ErrReplayed)
		})
	}
}

// TestDamagedStore: whatever is in the directory, the next refresh works.
func TestDamagedStore(t *testing.T) {
	s := newSite(t)
	s.must(s.repo.Rotate(t.Context(), "timestamp"))
	s.add("x")
	s.want("first", nil)
	good := s.files(s.device)
	if len(good) != 5 {
		t.Fatalf("kept %v", slices.Sorted(maps.Keys(good)))
	}
	for path := range good {
		for what, data := range map[string][]byte{"empty": nil, "cut": good[path][:len(good[path])/2], "zeros": make([]byte, 300), "null": []byte("null"), "{}": []byte("{}")} {
			s.restore(s.device, good)
			s.must(os.WriteFile(path, data, 0o600))
			s.want(filepath.Base(path)+" "+what, nil)
		}
	}
}

// TestHostile changes one file on its way.
func TestHostile(t *testing.T) {
	cut := func(data []byte) []byte { return data[:len(data)/2] }
	flip := func(old, new string) func([]byte) []byte {
		return func(data []byte) []byte {
			changed := bytes.Replace(data, []byte(old), []byte(new), 1)
			if bytes.Equal(changed, data) {
				t.Errorf("no %s in %s", old, data)
			}
			return changed
		}
	}
	text := func(text string) func([]byte) []byte { return func([]byte) []byte { return []byte(text) } }
	for _, try := range []struct {
		name, path string
		change     func([]byte) []byte
		want       error
	}{
		{"cut", "metadata/timestamp.json", cut, trust.ErrMetadata},
		{"empty", "metadata/timestamp.json", text(""), trust.ErrMetadata},
		{"a page", "metadata/timestamp.json", text("<html>captive portal</html>"), trust.ErrMetadata},
		{"no members", "metadata/timestamp.json", text(`{"signed":{"_type":"timestamp"},"signatures":[]}`), trust.ErrMetadata},
		{"null member", "metadata/timestamp.json", text(`{"signed":{"_type":"timestamp","meta":{"snapshot.json":null}},"signatures":[]}`), trust.ErrMetadata},
		{"version raised", "metadata/timestamp.json", flip(`"version":2}`, `"version":9}`), trust.ErrSignature},
		{"no signature", "metadata/timestamp.json", flip(`"sig":"`, `"sig":"00`), trust.ErrSignature},
		{"cut", "metadata/2.snapshot.json", cut, trust.ErrMetadata},
		{"another", "metadata/2.snapshot.json", flip(`"version":2`, `"version":3`), trust.ErrMetadata},
		{"cut", "metadata/2.targets.json", cut, trust.ErrMetadata},
		{"another", "metadata/2.targets.json", flip(`"x"`, `"y"`), trust.ErrMetadata},
		{"one signature", "metadata/2.root.json", flip(`"sig":"`, `"sig":"00`), nil},
		{"other content", "metadata/2.root.json", flip(`"version":2`, `"version":3`), trust.ErrSignature},
		{"the first again", "metadata/2.root.json", nil, trust.ErrReplayed},
		{"cut", "metadata/2.root.json", cut, trust.ErrMetadata},
	} {
		t.Run(strings.TrimPrefix(try.path, "metadata/")+" "+try.name, func(t *testing.T) {
			s := newSite(t)
			s.add("x")
			if strings.Contains(try.path, "root") {
				s.must(s.repo.RenewRoot(t.Context()))
			}
			if s.change[try.path] = try.change; try.change == nil {
				s.change[try.path] = func([]byte) []byte { return s.root }
			}
			s.want(try.name, try.want)
			delete(s.change, try.path)
			s.want("after "+try.name, nil)
		})
	}
}

// TestMixed: parts of another repository with other keys, and of another time.
func TestMixed(t *testing.T) {
	for _, path := range []string{"metadata/timestamp.json", "metadata/2.snapshot.json", "metadata/2.targets.json"} {
		s, other := newSite(t), newSite(t)
		s.add("x")
		other.add("y")
		foreign, err := trust.Dir(other.repo.Dir).Fetch(t.Context(), path, 1<<20)
		s.must(err)
		s.change[path] = func([]byte) []byte { return foreign }
		if _, err := s.refresh(); !errors.Is(err, trust.ErrSignature) && !errors.Is(err, trust.ErrMetadata) {
			t.Errorf("%s of another repository: %v", path, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	s := newSite(t)
	s.want("first", nil)
	s.must(os.Remove(filepath.Join(s.repo.Dir, "metadata/timestamp.json")))
	s.want("no timestamp", trust.ErrNotFound)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := trust.New(trust.Options{Root: s.root, Dir: s.device, Fetcher: s, Now: start}).Refresh(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	s.root = []byte("{}")
	s.want("an image without a root", trust.ErrMetadata)
}

func TestRotate(t *testing.T) {
	s := newSite(t)
	s.want("first", nil)
	for round := range 2 {
		for _, role := range sign.Roles() {
			s.must(s.repo.Rotate(t.Context(), role))
			s.want("a device that was there, "+role, nil)
			s.add(fmt.Sprintf("%s-%d", role, round))
			s.want("after the next change, "+role, nil)
			fresh := *s
			fresh.device = t.TempDir()
			fresh.want("a new device with the old image, "+role, nil)
		}
	}
	clear(s.fetch)
	s.want("again", nil)
	if s.fetch["metadata/9.root.json"] != 0 || s.fetch["metadata/10.root.json"] != 1 {
		t.Errorf("known roots were fetched: %v", s.fetch)
	}
}

// TestStolen: what keys sign that were replaced is refused, and versions that
// they drove up do not stop the new keys.
func TestStolen(t *testing.T) {
	s := newSite(t)
	s.want("first", nil)
	before := s.files(s.repo.Dir)
	keys := s.files(s.repo.Keys)
	for range 5 {
		s.add("evil")
	}
	evil := s.files(s.repo.Dir)
	s.want("the thief's", nil)
	s.restore(s.repo.Dir, before)
	s.restore(s.repo.Keys, keys)
	s.must(s.repo.Rotate(t.Context(), "timestamp"))
	s.must(s.repo.Rotate(t.Context(), "snapshot"))
	s.must(s.repo.Rotate(t.Context(), "targets"))
	s.add("good")
	view, err := s.refresh()
	s.must(err)
	if len(view.Targets()) != 1 || view.Targets()["good"] == nil {
		t.Errorf("targets %v", view.Targets())
	}
	for path, data := range evil {
		if name := filepath.Base(path); !strings.Contains(name, "root") {
			s.change["metadata/"+name] = func([]byte) []byte { return data }
		}
	}
	s.want("the thief again", trust.ErrSignature)
}

func TestKeys(t *testing.T) {
	s := newSite(t)
	if err := s.repo.Create(t.Context()); !errors.Is(err, sign.ErrKeys) {
		t.Errorf("created over keys: %v", err)
	}
	s.must(os.Remove(filepath.Join(s.repo.Keys, "root-1.pem")))
	s.must(s.repo.RenewRoot(t.Context()))
	s.must(os.Remove(filepath.Join(s.repo.Keys, "root-2.pem")))
	if err := s.repo.RenewRoot(t.Context()); !errors.Is(err, sign.ErrKeys) {
		t.Errorf("one key of two that are needed: %v", err)
	}
	s.add("without the root's keys")
	target := filepath.Join(s.repo.Keys, "targets-1.pem")
	s.must(os.Chmod(target, 0o644))
	if err := s.repo.Update(t.Context(), nil); !errors.Is(err, sign.ErrKeys) {
		t.Errorf("a key for everybody to read: %v", err)
	}
	s.must(os.Remove(target))
	if err := s.repo.Update(t.Context(), nil); !errors.Is(err, sign.ErrKeys) {
		t.Errorf("no key: %v", err)
	}
	s.want("a device", nil)
}

// TestSignsNothingForeign: who can write to the web server's folder gets no signature.
func TestSignsNothingForeign(t *testing.T) {
	s := newSite(t)
	s.add("x")
	path := filepath.Join(s.repo.Dir, "metadata", "2.targets.json")
	data, err := os.ReadFile(path)
	s.must(err)
	s.must(os.WriteFile(path, bytes.Replace(data, []byte(`"x"`), []byte(`"y"`), 1), 0o644))
	if err := s.repo.Update(t.Context(), nil); !errors.Is(err, trust.ErrMetadata) {
		t.Errorf("signed: %v", err)
	}
	s.repo.Keys = t.TempDir()
	if err := s.repo.Update(t.Context(), nil); !errors.Is(err, sign.ErrNoRepository) {
		t.Errorf("no keys at all: %v", err)
	}
}

func TestReleases(t *testing.T) {
	s := newSite(t)
	hash := strings.Repeat("0a", 32)
	targets := map[string][]byte{}
	put := func(version string, change func(*release.Manifest)) {
		parsed, err := release.ParseVersion(version)
		s.must(err)
		manifest := &release.Manifest{
			Format: 1, Version: parsed, DeviceType: "qemu", Variant: "production", Channel: "stable",
			Image: release.File{Size: 1, SHA256: hash}, Index: release.File{Path: version + ".caibx", Size: 1, SHA256: hash},
			Rollout: release.Rollout{Share: release.Everyone},
		}
		name := trust.ManifestName("qemu", "production", parsed)
		change(manifest)
		targets[name], err = manifest.Bytes()
		s.must(err)
		targets[version+".caibx"] = []byte("x")
	}
	parsed := func(text string) release.Version { v, err := release.ParseVersion(text); s.must(err); return v }
	put("1.0.0", func(*release.Manifest) {})
	put("1.1.0", func(*release.Manifest) {})
	put("1.2.0", func(m *release.Manifest) { m.Channel = "beta" })
	put("1.3.0", func(m *release.Manifest) { v := parsed("1.1.0"); m.MinVersion = &v })
	put("1.4.0", func(m *release.Manifest) { m.Rollout.Share = 0 })
	put("1.5.0", func(m *release.Manifest) { m.Rollout.Pulled = true })
	s.must(s.repo.Update(t.Context(), targets))
	view, err := s.refresh()
	s.must(err)
	device := trust.Device{Type: "qemu", Variant: "production", Channel: "stable", UUID: "u"}
	for from, want := range map[string]string{"0.9.0": "1.1.0", "1.0.0": "1.1.0", "1.1.0": "1.3.0", "1.3.0": "", "2.0.0": ""} {
		device.Version = parsed(from)
		got, err := view.Newest(t.Context(), device)
		if want == "" && !errors.Is(err, trust.ErrNoRelease) || want != "" && (err != nil || got.Version.String() != want) {
			t.Errorf("from %s: %+v, %v, want %q", from, got, err, want)
		}
	}
	if _, err := view.Exact(t.Context(), device, parsed("1.4.0")); err != nil {
		t.Errorf("asked for before its roll-out: %v", err)
	}
	if _, err := view.Exact(t.Context(), device, parsed("1.5.0")); !errors.Is(err, trust.ErrPulled) {
		t.Errorf("pulled: %v", err)
	}
	if _, err := view.Exact(t.Context(), device, parsed("1.6.0")); !errors.Is(err, trust.ErrNoRelease) {
		t.Errorf("not there: %v", err)
	}
	put("1.6.0", func(m *release.Manifest) { m.Variant = "development" })
	s.must(s.repo.Update(t.Context(), targets))
	view, err = s.refresh()
	s.must(err)
	if _, err := view.Exact(t.Context(), device, parsed("1.6.0")); !errors.Is(err, release.ErrManifest) {
		t.Errorf("the manifest of another variant under this name: %v", err)
	}
}

func TestDir(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.WriteFile(dir+"/file", []byte("12345"), 0o600), os.Symlink("/etc/passwd", dir+"/link"), os.Mkdir(dir+"/sub", 0o700)); err != nil {
		t.Fatal(err)
	}
	if data, err := trust.Dir(dir).Fetch(t.Context(), "file", 5); err != nil || string(data) != "12345" {
		t.Errorf("%q, %v", data, err)
	}
	for path, limit := range map[string]int64{"file": 4, "link": 1e6, "sub": 1e6, "../x": 1e6, "/etc/passwd": 1e6} {
		if data, err := trust.Dir(dir).Fetch(t.Context(), path, limit); err == nil {
			t.Errorf("%s: %q", path, data)
		}
	}
	if _, err := trust.Dir(dir).Fetch(t.Context(), "none/x", 5); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("not there: %v", err)
	}
}
