package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/trust/sign"
)

// A site is a repository under test.
type site struct {
	*Repository
	t testing.TB
}

func newSite(t testing.TB) *site {
	t.Helper()
	repo, err := Open(filepath.Join(t.TempDir(), "repo"), filepath.Join(t.TempDir(), "keys"))
	s := &site{repo, t}
	s.must(err)
	s.must(repo.Create(t.Context()))
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// image makes a small root of version, whose files depend on seed, as mke2fs makes it.
func image(t testing.TB, version string, seed int64) string {
	t.Helper()
	root := t.TempDir()
	write := func(name string, data []byte) {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write(release.OSRelease, fmt.Appendf(nil, "IMAGE_VERSION=%s\nRESINOS_DEVICE_TYPE=qemu\nVARIANT_ID=production\n", version))
	write(BootTree+"/EFI/BOOT/grub.cfg", fmt.Appendf(nil, "# of %s\n", version))
	write(BootTree+"/EFI/BOOT/BOOTX64.EFI", []byte("the same in all"))
	common, own := make([]byte, 2<<20), make([]byte, 100<<10)
	rand.New(rand.NewSource(1)).Read(common)
	rand.New(rand.NewSource(seed)).Read(own)
	write("usr/bin/common", common)
	write("usr/bin/own", own)
	out := filepath.Join(t.TempDir(), "root.img")
	run(t, "/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-m", "0", "-N", "64", "-U", "7e51f0a0-1002-4b00-8000-7265736f0002",
		"-E", "hash_seed=7e51f0a0-1002-4b00-8000-7265736f0002", "-d", root, out, "4M")
	return out
}

func run(t testing.TB, name string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, args...)
	command.Env = append(os.Environ(), "CASYNC_PROTOCOL_PATH=/usr/lib/casync/protocols")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func (s *site) add(version string, seed int64) *release.Manifest {
	s.t.Helper()
	manifest, err := s.Publish(s.t.Context(), Publication{Image: image(s.t, version, seed), Share: release.Everyone, Deltas: 2})
	s.must(err)
	return manifest
}

func (s *site) verify() ([]*release.Manifest, error) {
	root, err := os.ReadFile(s.RootFile())
	s.must(err)
	return Verify(s.t.Context(), s.Dir(), root, time.Now())
}

func parsed(t testing.TB, text string) release.Version {
	t.Helper()
	version, err := release.ParseVersion(text)
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// newest returns the version that a device with 1.0.0 is offered, "" for none.
func (s *site) newest() string {
	s.t.Helper()
	root, err := os.ReadFile(s.RootFile())
	s.must(err)
	view, err := trust.New(trust.Options{Root: root, Dir: s.t.TempDir(), Fetcher: trust.Dir(s.Dir()), Now: time.Now}).Refresh(s.t.Context())
	s.must(err)
	manifest, err := view.Newest(s.t.Context(), trust.Device{Type: "qemu", Variant: "production", Channel: "stable", UUID: "u", Version: parsed(s.t, "1.0.0")})
	if errors.Is(err, trust.ErrNoRelease) {
		return ""
	}
	s.must(err)
	return manifest.Version.String()
}

func TestPublish(t *testing.T) {
	s := newSite(t)
	if all, err := s.verify(); err != nil || len(all) != 0 {
		t.Errorf("empty: %v, %v", all, err)
	}
	first := s.add("1.1.0", 2)
	s.add("1.2.0+rev3", 3)
	all, err := s.verify()
	if err != nil || len(all) != 2 || all[1].Image != first.Image || all[0].Version.String() != "1.2.0+rev3" {
		t.Fatalf("%v, %v", all, err)
	}
	if paths := fmt.Sprint(first.Boot[0].Path, first.Boot[1].Path); paths != "EFI/BOOT/BOOTX64.EFIEFI/BOOT/grub.cfg" {
		t.Errorf("boot files %s", paths)
	}
	if got := s.newest(); got != "1.2.0+rev3" {
		t.Errorf("a device is offered %q", got)
	}
}

func TestSameVersion(t *testing.T) {
	s := newSite(t)
	img := image(t, "1.1.0", 1)
	first, err := s.Publish(t.Context(), Publication{Image: img, Share: 100})
	s.must(err)
	again, err := s.Publish(t.Context(), Publication{Image: img, Share: release.Everyone})
	if err != nil || again.Image != first.Image || again.Rollout.Share != release.Everyone {
		t.Errorf("the same: %+v, %v", again, err)
	}
	other := Publication{Image: image(t, "1.1.0", 2), Share: release.Everyone}
	if _, err := s.Publish(t.Context(), other); !errors.Is(err, ErrPublished) {
		t.Errorf("another: %v", err)
	}
	other.Replace = true
	if _, err := s.Publish(t.Context(), other); err != nil {
		t.Errorf("replaced: %v", err)
	}
	if _, err := s.verify(); err != nil {
		t.Error(err)
	}
}

func TestRefusedImages(t *testing.T) {
	s := newSite(t)
	before := s.files()
	noise := filepath.Join(t.TempDir(), "noise")
	s.must(os.WriteFile(noise, bytes.Repeat([]byte("noise"), 100_000), 0o600))
	empty := filepath.Join(t.TempDir(), "empty")
	run(t, "/usr/sbin/mke2fs", "-q", "-t", "ext4", empty, "1M")
	for name, path := range map[string]string{"no file system": noise, "not there": noise + "x", "no os-release": empty, "no version": image(t, "two", 1)} {
		if _, err := s.Publish(t.Context(), Publication{Image: path}); err == nil || name != "not there" && !errors.Is(err, ErrImage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Publish(ctx, Publication{Image: image(t, "1.1.0", 1)}); err == nil {
		t.Error("published although it was cancelled")
	}
	for path := range s.files() {
		if _, found := before[path]; !found && filepath.Ext(path) == ".json" {
			t.Errorf("%s was written", path)
		}
	}
}

func TestRollout(t *testing.T) {
	s := newSite(t)
	s.add("1.1.0", 1)
	s.add("1.2.0", 2)
	which := Selection{Version: parsed(t, "1.2.0")}
	for _, step := range []struct {
		rollout release.Rollout
		want    string
	}{{release.Rollout{}, "1.1.0"}, {release.Rollout{Share: release.Everyone}, "1.2.0"}, {release.Rollout{Pulled: true}, "1.1.0"}} {
		changed, err := s.Rollout(t.Context(), which, step.rollout)
		if got := s.newest(); err != nil || len(changed) != 1 || got != step.want {
			t.Errorf("%+v: %d changed, a device is offered %q, %v", step.rollout, len(changed), got, err)
		}
	}
	which.Variant = "development"
	if _, err := s.Rollout(t.Context(), which, release.Rollout{}); !errors.Is(err, trust.ErrNoRelease) {
		t.Errorf("no such variant: %v", err)
	}
}

func TestKeys(t *testing.T) {
	s := newSite(t)
	s.add("1.1.0", 1)
	for _, role := range sign.Roles() {
		s.must(s.Rotate(t.Context(), role))
	}
	s.must(s.RenewRoot(t.Context()))
	s.must(s.Repository.Refresh(t.Context(), true))
	elsewhere := t.TempDir()
	for _, role := range []string{"root", "targets", "snapshot"} {
		names, err := filepath.Glob(filepath.Join(s.sign.Keys, role+"-*.pem"))
		s.must(err)
		for _, name := range names {
			s.must(os.Rename(name, filepath.Join(elsewhere, filepath.Base(name))))
		}
	}
	s.sign.Now = func() time.Time { return time.Now().Add(20 * 24 * time.Hour) }
	s.must(s.Repository.Refresh(t.Context(), false))
	root, err := os.ReadFile(s.RootFile())
	s.must(err)
	if _, err := Verify(t.Context(), s.Dir(), root, time.Now().Add(40*24*time.Hour)); err != nil {
		t.Errorf("refreshed: %v", err)
	}
	if _, err := Verify(t.Context(), s.Dir(), root, time.Now().Add(60*24*time.Hour)); !errors.Is(err, trust.ErrExpired) {
		t.Errorf("long after: %v", err)
	}
	if err := s.Repository.Refresh(t.Context(), true); !errors.Is(err, sign.ErrKeys) {
		t.Errorf("all, without the keys: %v", err)
	}
	floor, err := s.Floor(t.Context())
	if err != nil || floor.Targets < 2 || floor.Seen.IsZero() {
		t.Errorf("floor %+v, %v", floor, err)
	}
}

func TestBusy(t *testing.T) {
	s := newSite(t)
	s.must(s.locked(func() error {
		if err := s.Repository.Refresh(t.Context(), false); !errors.Is(err, ErrBusy) {
			t.Errorf("while another works: %v", err)
		}
		return nil
	}))
}

// TestOlderRepository: a repository that was put back to an old state gets no new signature.
func TestOlderRepository(t *testing.T) {
	s := newSite(t)
	s.add("1.1.0", 1)
	old := filepath.Join(t.TempDir(), "old")
	s.must(os.CopyFS(old, os.DirFS(s.Dir())))
	_, err := s.Rollout(t.Context(), Selection{Version: parsed(t, "1.1.0")}, release.Rollout{Pulled: true})
	s.must(err)
	_, err = s.List(t.Context())
	s.must(err)
	s.sign.Dir = old
	if err := s.Repository.Refresh(t.Context(), false); !errors.Is(err, trust.ErrReplayed) {
		t.Errorf("signed: %v", err)
	}
}

func (s *site) files() map[string][]byte {
	s.t.Helper()
	files := map[string][]byte{}
	s.must(filepath.WalkDir(s.Dir(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	}))
	return files
}

func TestStoreHeals(t *testing.T) {
	s := newSite(t)
	what := Publication{Image: image(t, "1.1.0", 1)}
	_, err := s.Publish(t.Context(), what)
	s.must(err)
	var damaged string
	for path := range s.files() {
		if filepath.Ext(path) == ".cacnk" {
			damaged = path
		}
	}
	s.must(os.Truncate(damaged, 10))
	if _, err := s.verify(); !errors.Is(err, ErrDamaged) || !errors.Is(err, casync.ErrChunk) {
		t.Errorf("a chunk that a power cut left empty: %v", err)
	}
	_, err = s.Publish(t.Context(), what)
	s.must(err)
	if _, err := s.verify(); err != nil {
		t.Errorf("published again: %v", err)
	}
}
