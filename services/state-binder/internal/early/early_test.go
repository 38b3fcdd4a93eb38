package early

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/purge"
	"resinos.io/services/state-binder/internal/store"
	"resinos.io/shared/config"
	"resinos.io/shared/journal"
	"resinos.io/shared/layout"
)

// disk is a state partition that is there, or not.
type disk struct{ absent bool }

func (d disk) Mounted() (mounted, writable bool) { return !d.absent, true }
func (d disk) Present() bool                     { return !d.absent }
func (disk) Mount() error                        { return nil }
func (disk) Check(context.Context) error         { return nil }
func (disk) Make(context.Context) error          { return nil }

// system remembers what was bound.
type system struct{ targets []string }

func (s *system) Bind(_, target string) error {
	s.targets = append(s.targets, target)
	return nil
}
func (s *system) Bound(_, target string) bool { return slices.Contains(s.targets, target) }
func (s *system) Sync(string) error           { return nil }

// device makes a root with two declared paths, one of them wrong.
func device(t *testing.T) (*Phase, *system) {
	t.Helper()
	root := layout.Root(t.TempDir())
	put(t, root, "/usr/lib/state-binder.d/a.conf", "[Bind]\nPath=/etc/a\nKeep=uuid\n[Bind]\nPath=/etc/absent/../x\n")
	put(t, root, "/etc/a/file", "of the root")
	for _, dir := range []string{root.State(), root.Data(), root.Boot()} {
		must(t, os.MkdirAll(dir, 0o755))
	}
	s := &system{}
	return &Phase{Root: root, Disk: disk{}, System: s, Log: journal.New(t.Output(), nil)}, s
}

func put(t *testing.T, root layout.Root, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(root.Path(path)), 0o755))
	must(t, os.WriteFile(root.Path(path), []byte(text), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// boot runs the phase and returns its report as it was written.
func boot(t *testing.T, p *Phase) Report {
	t.Helper()
	must(t, p.Run(t.Context()))
	r, err := Read(p.Root)
	must(t, err)
	return r
}

func TestRun(t *testing.T) {
	p, s := device(t)
	if _, err := Read(p.Root); !errors.Is(err, ErrNoReport) {
		t.Errorf("before the first run: %v", err)
	}
	r := boot(t, p)
	if r.Store != store.Partition || r.Purged != "" || len(r.Problems) != 1 || r.Problems[0].Pointer != "/usr/lib/state-binder.d/a.conf:5" {
		t.Errorf("the report is %+v", r)
	}
	if !slices.Equal(s.targets, []string{p.Root.Path("/etc/a")}) {
		t.Errorf("bound are %v", s.targets)
	}
	if text, err := os.ReadFile(p.Root.Path("/mnt/state/root-overlay/etc/a/file")); string(text) != "of the root" {
		t.Errorf("it was filled with %q, %v", text, err)
	}
}

// TestLeftovers has files that a power cut left half written, and some that look like them.
func TestLeftovers(t *testing.T) {
	p, _ := device(t)
	gone := []string{"/mnt/state/.purge.0a1b2c3d.tmp", "/mnt/state/root-overlay/var/lib/resinos/x/.file.json.00000000.tmp"}
	stay := []string{
		"/mnt/state/root-overlay/var/lib/resinos/x/file.json", "/mnt/state/root-overlay/var/lib/resinos/x/file.00000000.tmp",
		"/mnt/state/root-overlay/etc/theirs/.file.00000000.tmp",
	}
	for _, path := range append(gone, stay...) {
		put(t, p.Root, path, "half")
	}
	boot(t, p)
	for i, path := range append(gone, stay...) {
		if _, err := os.Stat(p.Root.Path(path)); errors.Is(err, os.ErrNotExist) != (i < len(gone)) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestWithoutPartition(t *testing.T) {
	p, s := device(t)
	p.Disk = disk{absent: true}
	put(t, p.Root, "/mnt/boot/purge-state", "")
	r := boot(t, p)
	if r.Store != store.Memory || r.Purged != "" || len(s.targets) != 1 {
		t.Errorf("the report is %+v, bound are %v", r, s.targets)
	}
	if _, err := os.Stat(p.Root.Path("/run/state-binder/memory/root-overlay/etc/a/file")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.Root.Path("/mnt/boot/purge-state")); err != nil {
		t.Errorf("a request that could not be carried out was dropped: %v", err)
	}
	if entries, _ := os.ReadDir(p.Root.State()); len(entries) > 0 {
		t.Errorf("something was written below the missing partition: %v", entries)
	}
}

// TestPurge asks in both ways. The data partition is not mounted: its request stays.
func TestPurge(t *testing.T) {
	p, _ := device(t)
	boot(t, p)
	put(t, p.Root, "/mnt/state/root-overlay/etc/a/uuid", "kept")
	put(t, p.Root, "/mnt/state/root-overlay/etc/a/secret", "gone")
	put(t, p.Root, "/mnt/boot/purge-data", "")
	requests := purge.Requests{State: place.Dir(p.Root.State()), Boot: p.Root.Boot()}
	must(t, requests.Ask(purge.Scope{State: true}))
	r := boot(t, p)
	if r.Purged != "state" || !slices.ContainsFunc(r.Problems, func(p2 config.Problem) bool {
		return p2.Pointer == "purge" && strings.Contains(p2.Reason, "data stays asked for")
	}) {
		t.Errorf("the report is %+v", r)
	}
	if pending, err := requests.Pending(); err != nil || pending.String() != "data" {
		t.Errorf("pending is %s, %v", pending, err)
	}
	if text, _ := os.ReadFile(p.Root.Path("/mnt/state/root-overlay/etc/a/uuid")); string(text) != "kept" {
		t.Errorf("what is kept has %q", text)
	}
	if _, err := os.Stat(p.Root.Path("/mnt/state/root-overlay/etc/a/secret")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the secret is still there: %v", err)
	}
	if !purge.Trash(place.Dir(p.Root.State())) {
		t.Error("nothing waits to be deleted")
	}
}

// TestPlaces never names a place that is not there.
func TestPlaces(t *testing.T) {
	p, _ := device(t)
	if places := Places(p.Root, store.Memory); places.State != "" || places.Data != "" || places.Memory == "" {
		t.Errorf("places are %+v", places)
	}
	if places := Places(p.Root, store.Recreated); string(places.State) != p.Root.State() {
		t.Errorf("places are %+v", places)
	}
}
