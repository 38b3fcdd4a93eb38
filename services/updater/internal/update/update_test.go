package update

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/health"
	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/job"
	"resinos.io/shared/release"
	"resinos.io/shared/updatework"
)

// world is a device in memory, with a real environment block and a real book.
type world struct {
	*Updater
	env      bootenv.GRUB
	dir      string
	rebooted int
	stopping bool
	faults   []string // of the health checks
	work     func(hooks worker.Hooks) error
}

func (w *world) NetworkState(context.Context) uint32 { return 70 }
func (w *world) ActiveState(context.Context, string) (string, error) {
	return "active", nil
}
func (w *world) Stopping(context.Context) (bool, error)  { return w.stopping, nil }
func (w *world) Reboot(context.Context) error            { w.rebooted++; return nil }
func (w *world) Journal(context.Context) ([]byte, error) { return []byte("the journal"), nil }
func (w *world) Run(_ context.Context, _ updatework.Request, hooks worker.Hooks) error {
	return w.work(hooks)
}

// Start runs the work at once.
func (w *world) Start(ctx context.Context, work job.Work) (dbus.ObjectPath, error) {
	go func() {
		_ = work(ctx, func(job.Progress) {})
		w.Ended()
	}()
	return "/job/_1", nil
}

// boot makes the updater of one boot of the device.
func (w *world) boot(t *testing.T, slot bootenv.Slot, id string) {
	t.Helper()
	version, err := release.ParseVersion(map[bootenv.Slot]string{bootenv.A: "2.0.0", bootenv.B: "2.1.0"}[slot])
	if err != nil {
		t.Fatal(err)
	}
	page, err := book.Open(w.dir, func() time.Time { return time.Unix(1000, 0) })
	if err != nil {
		t.Fatal(err)
	}
	w.Updater = &Updater{
		Env: w.env, Book: page, Booted: slot, Runs: release.System{Version: version, DeviceType: "qemux86-64", Variant: "production"},
		System: w, Worker: w, Jobs: w, Life: t.Context(), Changed: func() {}, Deadline: 10 * time.Millisecond,
		Log:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Places: Places{Device: func(s bootenv.Slot) string { return "root" + string(s) }, Locks: filepath.Join(w.dir, "locks"), Proven: filepath.Join(w.dir, "run", id)},
		Checks: func(book.Before) []health.Check {
			return []health.Check{{Name: "test", Run: func(context.Context) error {
				if len(w.faults) > 0 {
					return errors.New(w.faults[0])
				}
				return nil
			}}}
		},
	}
	if err := w.Resume(id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Apply(t.Context(), config.Config{Update: config.Update{URL: "http://example.org"}}); err != nil {
		t.Fatal(err)
	}
}

// loader does what image/boot/grub.cfg does at each boot.
func (w *world) loader(t *testing.T) bootenv.Slot {
	t.Helper()
	s, err := w.env.Load()
	if err != nil {
		t.Fatal(err)
	}
	if s.Trial() {
		if s.Tries > 0 {
			s.Tries--
		} else {
			s = bootenv.State{Slot: s.Good, Good: s.Good, Tries: bootenv.Proven, Failed: s.Slot}
		}
		if err := w.env.Store(s); err != nil {
			t.Fatal(err)
		}
	}
	return s.Slot
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{dir: dir, env: bootenv.GRUB{Path: filepath.Join(dir, "grubenv"), Good: filepath.Join(dir, "grubenv.good")}}
	w.work = func(hooks worker.Hooks) error { return hooks.Found(updatework.Found{Version: "2.1.0", Size: 10}) }
	if err := w.env.Store(proven(bootenv.A)); err != nil {
		t.Fatal(err)
	}
	w.boot(t, bootenv.A, "first")
	return w
}

// nothingToProve reports whether the updater has said so in this boot.
func (w *world) nothingToProve() bool {
	_, err := os.Stat(w.Places.Proven)
	return err == nil
}

func (w *world) install(t *testing.T) {
	t.Helper()
	if _, err := w.Install(t.Context(), "", nil); err != nil {
		t.Fatal(err)
	}
	w.idle(t)
}

// idle waits until no job runs.
func (w *world) idle(t *testing.T) {
	t.Helper()
	for range 1000 {
		w.mu.Lock()
		done := w.active == ""
		w.mu.Unlock()
		if done {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the job does not end")
}

func (w *world) want(t *testing.T, want bootenv.State) {
	t.Helper()
	if got, err := w.env.Load(); err != nil || got != want {
		t.Fatalf("the environment is %+v, %v; want %+v", got, err, want)
	}
}

func TestUpdateProvesItself(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.want(t, bootenv.State{Slot: bootenv.B, Good: bootenv.A, Tries: bootenv.Tries})
	w.boot(t, w.loader(t), "second")
	if w.Booted != bootenv.B {
		t.Fatal("the loader did not try it")
	}
	if w.nothingToProve() {
		t.Error("a system on trial has nothing to prove")
	}
	w.Prove(t.Context())
	w.want(t, proven(bootenv.B))
	if !w.nothingToProve() {
		t.Error("what ends trials that nobody ends is not told")
	}
	if w.rebooted != 0 || w.Book.Rollback != "" {
		t.Errorf("rebooted %d times, rolled back because %q", w.rebooted, w.Book.Rollback)
	}
	if err := w.Rollback(t.Context(), nil); err != nil {
		t.Errorf("there is no way back to the system from the factory: %v", err)
	}
	w.want(t, bootenv.State{Slot: bootenv.A, Good: bootenv.B, Tries: bootenv.Tries})
}

func TestUnhealthyGoesBackWithItsReason(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.boot(t, w.loader(t), "second")
	w.faults = []string{"the engine is silent"}
	w.Prove(t.Context())
	if w.rebooted != 1 || w.nothingToProve() {
		t.Fatalf("rebooted %d times, nothing to prove: %v", w.rebooted, w.nothingToProve())
	}
	if kept, err := os.ReadFile(filepath.Join(w.dir, "failed-boot.log")); err != nil || !strings.Contains(string(kept), "given up: ") || !strings.Contains(string(kept), "engine is silent") {
		t.Errorf("what is kept of the failed boot is %q, %v", kept, err)
	}
	w.boot(t, w.loader(t), "third")
	w.want(t, proven(bootenv.A))
	if w.Prove(t.Context()); !w.nothingToProve() {
		t.Error("the old system has something to prove")
	}
	if !strings.Contains(w.Book.Rollback, "the engine is silent") {
		t.Errorf("the reason is %q", w.Book.Rollback)
	}
	w.boot(t, w.loader(t), "fourth")
	if !strings.Contains(w.Book.Rollback, "the engine is silent") {
		t.Error("the reason is forgotten at the next boot")
	}
}

// TestNeverComesUp boots a system that never reaches the updater.
func TestNeverComesUp(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	for range bootenv.Tries {
		if slot := w.loader(t); slot != bootenv.B {
			t.Fatalf("slot %s is tried", slot)
		}
	}
	w.boot(t, w.loader(t), "back")
	if w.Booted != bootenv.A || !strings.Contains(w.Book.Rollback, "did not come up in 3 tries") {
		t.Errorf("slot %s, because %q", w.Booted, w.Book.Rollback)
	}
	w.want(t, proven(bootenv.A))
}

// TestPulledPlugs survives as many as it promises, and no endless crashes.
func TestPulledPlugs(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	boots := 0
	for ; boots < 20; boots++ {
		slot := w.loader(t)
		w.boot(t, slot, string(rune('a'+boots)))
		if slot == bootenv.A {
			break
		}
	}
	if boots < 4 || boots > bootenv.Tries+forgiven {
		t.Errorf("it was given up after %d boots", boots)
	}
	if !strings.Contains(w.Book.Rollback, "ended each time") {
		t.Errorf("the reason is %q", w.Book.Rollback)
	}
}

func TestCleanRebootsAreNoTries(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	for i := range 20 {
		w.boot(t, w.loader(t), string(rune('a'+i)))
		if w.Booted != bootenv.B {
			t.Fatalf("given up at clean reboot %d", i)
		}
		w.stopping = true
		w.Leaving(t.Context())
		w.stopping = false
	}
}

func TestDaemonRestartIsNoBoot(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.loader(t)
	for range 20 {
		w.boot(t, bootenv.B, "the same")
		w.Leaving(t.Context())
	}
	if boots := len(w.Book.Trial.Boots); boots != 1 {
		t.Errorf("%d boots are counted", boots)
	}
	w.want(t, bootenv.State{Slot: bootenv.B, Good: bootenv.A, Tries: bootenv.Tries - 1})
}

func TestRefusals(t *testing.T) {
	w := newWorld(t)
	for source, want := range map[string]error{"ftp://x": updatework.ErrPlace, "relative": updatework.ErrPlace, "file://host/x": updatework.ErrPlace, "http://": updatework.ErrPlace} {
		if _, err := w.Install(t.Context(), source, nil); !errors.Is(err, want) {
			t.Errorf("%s: %v", source, err)
		}
	}
	for name, value := range map[string]any{"unknown": true, "downgrade": "yes", "version": "latest"} {
		options := map[string]dbus.Variant{name: dbus.MakeVariant(value)}
		if _, err := w.Install(t.Context(), "", options); !errors.Is(err, bus.ErrInvalidArgs) {
			t.Errorf("option %s: %v", name, err)
		}
	}
	w.work = func(worker.Hooks) error { return &updatework.Error{Name: updatework.TooOld, Message: "no"} }
	w.install(t)
	w.want(t, proven(bootenv.A))
	w.work = func(hooks worker.Hooks) error { return hooks.Found(updatework.Found{Version: "2.1.0"}) }
	w.install(t)
	w.boot(t, w.loader(t), "trial")
	if _, err := w.Install(t.Context(), "", nil); !errors.Is(err, ErrNotCommitted) {
		t.Errorf("on trial: %v", err)
	}
}

// TestInterruptedInstallNeverBoots ends the work after the slot was touched.
func TestInterruptedInstallNeverBoots(t *testing.T) {
	w := newWorld(t)
	w.install(t) // waits for its first boot
	w.work = func(hooks worker.Hooks) error {
		if err := hooks.Found(updatework.Found{Version: "2.2.0"}); err != nil {
			return err
		}
		w.want(t, proven(bootenv.A)) // before the first byte
		return errors.New("cut")
	}
	w.install(t)
	w.want(t, proven(bootenv.A))
	if w.Book.Versions[bootenv.B] != "" {
		t.Error("the slot is said to hold a version")
	}
}

func TestTakenBack(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	if err := w.Rollback(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	w.want(t, proven(bootenv.A))
	if err := w.MarkBad(t.Context(), "x"); !errors.Is(err, ErrNothingToRollBack) {
		t.Errorf("MarkBad: %v", err)
	}
}

// TestAutoBacksOff: what failed is not tried again each time the daemon wakes up.
func TestAutoBacksOff(t *testing.T) {
	w := newWorld(t)
	runs := 0
	w.work = func(worker.Hooks) error { runs++; return errors.New("too large") }
	w.config.Update.Auto, w.Book.Known, w.nextAsk = true, "2.1.0", time.Time{}
	for range 5 {
		w.WakeUp(t.Context())
		w.idle(t)
	}
	if runs != 1 {
		t.Errorf("it was tried %d times", runs)
	}
	w.notBefore = w.Book.Now()
	w.WakeUp(t.Context())
	w.idle(t)
	if runs != 2 {
		t.Errorf("it was not tried again later (%d times)", runs)
	}
}

// TestLockPostponesTheReboot: it comes when the lock is given up.
func TestLockPostponesTheReboot(t *testing.T) {
	w := newWorld(t)
	if err := os.MkdirAll(w.Places.Locks, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(w.Places.Locks, "pump"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install(t.Context(), "", map[string]dbus.Variant{"reboot": dbus.MakeVariant(true)}); err != nil {
		t.Fatal(err)
	}
	w.idle(t)
	w.WakeUp(t.Context())
	if w.rebooted != 0 {
		t.Error("it rebooted although the lock is held")
	}
	lock.Close()
	w.WakeUp(t.Context())
	if w.rebooted != 1 {
		t.Errorf("the lock is free, and it rebooted %d times", w.rebooted)
	}
}

func TestWindow(t *testing.T) {
	at := func(hour int) time.Time { return time.Date(2026, 1, 1, hour, 0, 0, 0, time.Local) }
	night := &config.Window{Start: 23 * time.Hour, End: 4 * time.Hour}
	for hour, want := range map[int]bool{22: false, 23: true, 3: true, 4: false} {
		if got := inWindow(night, at(hour)); got != want {
			t.Errorf("%d o'clock: %v", hour, got)
		}
	}
	if !inWindow(nil, at(12)) {
		t.Error("no window keeps updates out")
	}
}

// TestJournalOfATrial is on record while the trial goes on, for it may end without
// a word; it goes when the system has proven itself, and when another is tried.
func TestJournalOfATrial(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.boot(t, w.loader(t), "second")
	w.faults, w.Deadline = []string{"not yet"}, time.Minute
	kept := filepath.Join(w.dir, "failed-boot.log")
	ctx, cut := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Prove(ctx) }()
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(kept); err == nil {
			break
		}
	}
	cut()
	<-done
	if text, err := os.ReadFile(kept); err != nil || string(text) != "the journal" {
		t.Fatalf("of a boot that was cut off there is %q, %v", text, err)
	}
	w.boot(t, w.loader(t), "third")
	w.faults = nil
	w.Prove(t.Context())
	w.want(t, proven(bootenv.B))
	if _, err := os.Stat(kept); err == nil {
		t.Error("the journal of a system that proved itself is still that of a failed boot")
	}
	if err := os.WriteFile(kept, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	w.work = func(hooks worker.Hooks) error { return hooks.Found(updatework.Found{Version: "2.2.0", Size: 10}) }
	w.install(t)
	if _, err := os.Stat(kept); err == nil {
		t.Error("a new trial begins with the journal of an older one")
	}
}
