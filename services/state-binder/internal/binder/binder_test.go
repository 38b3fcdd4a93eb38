package binder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/state1"
	"resinos.io/services/state-binder/internal/early"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/purge"
	"resinos.io/services/state-binder/internal/store"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
	"resinos.io/shared/journal"
	"resinos.io/shared/layout"
)

// device is a root after an early phase that bound one path, by a link in place of
// a mount, and left another one.
func device(t *testing.T) *Binder {
	t.Helper()
	root := layout.Root(t.TempDir())
	put(t, root, "/usr/lib/state-binder.d/one.conf", "[Bind]\nPath=/etc/one\n[Bind]\nPath=/etc/two\n")
	put(t, root, "/mnt/state/root-overlay/etc/one/file", strings.Repeat("x", 100<<10))
	put(t, root, "/etc/two/file", "")
	for _, err := range []error{
		os.MkdirAll(root.Boot(), 0o755), os.MkdirAll(root.Data(), 0o755),
		os.Symlink(root.Path("/mnt/state/root-overlay/etc/one"), root.Path("/etc/one")),
		early.Write(root, early.Report{Store: store.Partition, Problems: []config.Problem{{Pointer: "/etc/two", Reason: "told early"}}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	b := New(root, journal.New(t.Output(), nil))
	b.Trigger = func() {}
	b.Applied = func(context.Context) error { return nil }
	return b
}

func put(t *testing.T, root layout.Root, path, text string) {
	t.Helper()
	file := root.Path(path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func apply(t *testing.T, b *Binder) daemon.Effective {
	t.Helper()
	effective, err := b.Apply(t.Context(), config.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return effective
}

func TestApply(t *testing.T) {
	b := device(t)
	effective := apply(t, b)
	want := []state1.Bind{
		{Target: "/etc/one", Source: b.Root.Path("/mnt/state/root-overlay/etc/one"), Kind: "directory", Active: true},
		{Target: "/etc/two", Source: b.Root.Path("/mnt/state/root-overlay/etc/two"), Kind: "directory"},
	}
	if got, _ := effective.Values[state1.PropertyBinds].([]state1.Bind); !slices.Equal(got, want) {
		t.Errorf("binds are %+v", got)
	}
	if size, _ := effective.Values[state1.PropertyPartitionSize].(uint64); size == 0 {
		t.Error("the partition has no size")
	}
	if size, _ := effective.Values[state1.PropertyDataSize].(uint64); size != 0 {
		t.Error("a partition that is not mounted has a size")
	}
	if !slices.Contains(effective.Problems, config.Problem{Pointer: "/etc/two", Reason: "told early"}) {
		t.Errorf("problems are %v", effective.Problems)
	}
}

// TestApplyTells of what went wrong since the boot, and of an early phase that did not run.
func TestApplyTells(t *testing.T) {
	b := device(t)
	must(t, os.Remove(b.Root.Path("/etc/one")))
	must(t, os.Remove(b.Root.Path("/run/state-binder/report.json")))
	must(t, os.WriteFile(place.Dir(b.Root.State()).Request(), []byte("rubbish"), 0o600))
	var told []string
	for _, p := range apply(t, b).Problems {
		told = append(told, p.Pointer)
	}
	for _, want := range []string{"/etc/one", "/etc/two", "state-binder-early", "purge"} {
		if !slices.Contains(told, want) {
			t.Errorf("told are %v, want %s", told, want)
		}
	}
}

func TestPurge(t *testing.T) {
	b := device(t)
	pending := func(want string) {
		t.Helper()
		if got := apply(t, b).Values[state1.PropertyPurgePending]; got != want {
			t.Errorf("pending is %v, want %q", got, want)
		}
	}
	must(t, b.Purge(t.Context(), "state", nil))
	pending("state")
	must(t, b.Purge(t.Context(), "data", nil))
	pending("all")
	must(t, b.CancelPurge(t.Context()))
	pending("")
	must(t, b.CancelPurge(t.Context()))
	if err := b.Purge(t.Context(), "everything", nil); !errors.Is(err, purge.ErrScope) {
		t.Errorf("an unknown scope: %v", err)
	}
	if err := b.Purge(t.Context(), "all", map[string]dbus.Variant{"now": dbus.MakeVariant(true)}); !errors.Is(err, bus.ErrInvalidArgs) {
		t.Errorf("an unknown option: %v", err)
	}
	must(t, early.Write(b.Root, early.Report{Store: store.Memory}))
	if err := b.Purge(t.Context(), "all", nil); !errors.Is(err, ErrNotStored) {
		t.Errorf("without a partition: %v", err)
	}
	pending("")
}

// TestRun deletes what was purged, tells how far it is, and measures.
func TestRun(t *testing.T) {
	b := device(t)
	must(t, purge.Empty(place.Dir(b.Root.State()), nil))
	put(t, b.Root, "/mnt/state/root-overlay/etc/two/file", strings.Repeat("x", 200<<10))
	var triggers atomic.Int32
	b.Trigger = func() { triggers.Add(1) }
	ctx, stop := context.WithCancel(t.Context())
	wait := b.Run(ctx)
	apply(t, b)
	deadline := time.Now().Add(10 * time.Second)
	for purge.Trash(place.Dir(b.Root.State())) || len(usageOf(t, b)) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("it does not end")
		}
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	wait()
	effective := apply(t, b)
	if got := effective.Values[state1.PropertyPurgeProgress]; got != uint32(100) {
		t.Errorf("progress is %v", got)
	}
	if got := effective.Values[state1.PropertyPurgeRemaining]; got != uint64(0) {
		t.Errorf("remaining are %v", got)
	}
	parts := usageOf(t, b)
	if len(parts) != 1 || parts[0].Component != "one" || parts[0].Partition != "state" || parts[0].Bytes < 200<<10 {
		t.Errorf("usage is %+v", parts)
	}
	if triggers.Load() == 0 {
		t.Error("nobody was told")
	}
}

func usageOf(t *testing.T, b *Binder) []state1.Usage {
	t.Helper()
	parts, _ := apply(t, b).Values[state1.PropertyUsage].([]state1.Usage)
	return parts
}

// TestWakeUp asks for an apply when something changed, and only then.
func TestWakeUp(t *testing.T) {
	b := device(t)
	triggers := 0
	b.Trigger = func() { triggers++ }
	b.WakeUp(t.Context())
	before := triggers
	put(t, b.Root, "/mnt/boot/purge-data", "")
	b.WakeUp(t.Context())
	if triggers <= before {
		t.Error("a request on the boot partition was not noticed")
	}
}

// TestContract builds the object that the daemon serves.
func TestContract(t *testing.T) {
	b := device(t)
	if _, err := bus.NewObject(bus.Interface{
		Contract: state1.Contract(),
		Methods:  bus.Methods{state1.MethodPurge: b.Purge, state1.MethodCancelPurge: b.CancelPurge},
		Values:   b.Initial(),
		Errors:   ErrorNames(),
	}); err != nil {
		t.Error(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
