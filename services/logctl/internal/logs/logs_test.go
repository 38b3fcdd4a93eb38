package logs

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/log1"
	"resinos.io/services/logctl/internal/journald"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/journal"
)

var errFault = errors.New("fault")

// world is everything around the domain, with a fault for each part.
type world struct {
	onDisk, flushed, marked                           bool
	did                                               string // what journald was asked for
	used, inRAM                                       uint64
	checkErr, markErr, flushErr, sizesErr, journalErr error
	stuck                                             bool // journald agrees and does nothing
	needed                                            uint64
	vacuumedActive                                    bool
}

func (w *world) move(did string, onDisk bool, err error) error {
	w.did += did
	if err == nil && !w.stuck {
		w.onDisk, w.flushed = onDisk, onDisk
	}
	return err
}

func (w *world) Flush(context.Context) error      { return w.move("F", true, w.flushErr) }
func (w *world) Relinquish(context.Context) error { return w.move("R", false, w.journalErr) }
func (w *world) Sync(context.Context) error       { w.did += "S"; return w.journalErr }
func (w *world) Rotate(context.Context) error     { w.did += "O"; return w.journalErr }
func (w *world) OnDisk() bool                     { return w.onDisk }
func (w *world) Flushed() bool                    { return w.flushed }
func (w *world) Usage() (uint64, error)           { return w.used, nil }

func (w *world) Check(need uint64) error {
	w.needed = need
	return w.checkErr
}

func (w *world) Mark(on bool) error {
	if w.markErr == nil {
		w.marked = on
	}
	return w.markErr
}

func (w *world) Vacuum(limit uint64, active bool) (uint64, error) {
	w.vacuumedActive = active
	return w.used - limit, nil
}

func (w *world) Set(_ context.Context, want config.Logging) (config.Logging, error) {
	return want, w.sizesErr
}

// ram is the journal in RAM.
type ram struct{ *world }

func (r ram) Usage() (uint64, error) { return r.inRAM, nil }

func (w *world) logs() *Logs {
	return &Logs{Journal: w, Disk: w, RAM: ram{w}, Sizes: w, Trigger: func() {}}
}

func TestApply(t *testing.T) {
	tests := []struct {
		name             string
		world            world
		on               bool
		did              string
		wantDisk, marked bool
		problems         string
	}{
		{name: "default"},
		{name: "on", on: true, did: "F", wantDisk: true, marked: true},
		{name: "on already", world: world{onDisk: true, flushed: true}, on: true, wantDisk: true, marked: true},
		{name: "off", world: world{onDisk: true, flushed: true, marked: true}, did: "R"},
		{name: "off, journald would go to disk later", world: world{flushed: true}, did: "R"},
		{name: "no place", world: world{checkErr: errFault}, on: true, problems: "/persistentLogging"},
		{name: "full, after it was on disk", world: world{flushed: true, marked: true, checkErr: errFault}, on: true, did: "R", problems: "/persistentLogging"},
		{name: "no mark", world: world{markErr: errFault}, on: true, problems: "/persistentLogging"},
		{name: "journald fails", world: world{flushErr: errFault}, on: true, did: "F", problems: "/persistentLogging"},
		{name: "journald only agrees", world: world{stuck: true}, on: true, did: "F", problems: "/persistentLogging"},
		{name: "it does not leave", world: world{stuck: true, flushed: true, onDisk: true}, did: "R", wantDisk: true, problems: "/persistentLogging"},
		{name: "sizes", world: world{sizesErr: errFault}, on: true, did: "F", wantDisk: true, marked: true, problems: "/os/logging"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := test.world
			c := config.Defaults()
			c.PersistentLogging = test.on
			l := w.logs()
			effective, err := l.Apply(t.Context(), c)
			l.lookAgain(false)
			if err != nil {
				t.Error(err)
			}
			if w.did != test.did || w.marked != test.marked {
				t.Errorf("journald did %q, marked %v; want %q, %v", w.did, w.marked, test.did, test.marked)
			}
			for name, want := range map[string]any{
				log1.PropertyPersistent: test.wantDisk, log1.PropertyDesiredPersistent: test.on,
				log1.PropertyRuntimeMaxUse: uint64(8 << 20), log1.PropertySystemMaxUse: uint64(0),
			} {
				if got := effective.Values[name]; got != want {
					t.Errorf("%s is %v, want %v", name, got, want)
				}
			}
			var problems []string
			for _, p := range effective.Problems {
				problems = append(problems, p.Pointer)
			}
			if got := strings.Join(problems, " "); got != test.problems {
				t.Errorf("problems with %q, want %q", got, test.problems)
			}
		})
	}
}

// TestNeed asks for room for what is in RAM, and one step more.
func TestNeed(t *testing.T) {
	w := world{inRAM: 3 << 20}
	c := config.Defaults()
	c.PersistentLogging = true
	if _, err := w.logs().Apply(t.Context(), c); err != nil || w.needed != 11<<20 {
		t.Errorf("asked for %d, %v", w.needed, err)
	}
}

// TestLooksAgain requires one look a minute while there is a problem, and none else.
func TestLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := world{checkErr: errFault}
		l := w.logs()
		looks := 0
		l.Trigger = func() { looks++ }
		c := config.Defaults()
		c.PersistentLogging = true
		apply := func(wait time.Duration, want int) {
			t.Helper()
			if _, err := l.Apply(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			time.Sleep(wait)
			synctest.Wait()
			if looks != want {
				t.Errorf("%d looks, want %d", looks, want)
			}
		}
		apply(time.Second, 0)
		apply(time.Hour, 1) // the first timer was replaced
		w.checkErr = nil
		apply(time.Hour, 1)
	})
}

// TestContract builds the object that the daemon serves.
func TestContract(t *testing.T) {
	l := new(world).logs()
	if _, err := bus.NewObject(bus.Interface{
		Contract: log1.Contract(),
		Methods: bus.Methods{
			log1.MethodSetPersistent: l.SetPersistent, log1.MethodVacuum: l.Vacuum, log1.MethodFlush: l.Flush,
		},
		Values:  l.Initial(),
		Getters: map[string]bus.Getter{log1.PropertyDiskUsage: l.DiskUsage},
		Errors:  ErrorNames(),
	}); err != nil {
		t.Error(err)
	}
}

func TestSetPersistent(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		on                  bool
		want                error
	}{
		{"on", `{"a": 1}`, `{"a": 1,"persistentLogging": true}`, true, nil},
		{"off", `{"persistentLogging":true,"b":2}`, `{"persistentLogging":false,"b":2}`, false, nil},
		{"file does not parse", `{"a":`, `{"a":`, true, config.ErrSyntax},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "config.json")
			if err := os.WriteFile(file, []byte(test.before), 0o600); err != nil {
				t.Fatal(err)
			}
			applied := 0
			l := &Logs{
				Config:  config.NewStore(file, "", journal.New(t.Output(), nil)),
				Applied: func(context.Context) error { applied++; return nil },
			}
			if err := l.SetPersistent(t.Context(), test.on, nil); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if got, _ := os.ReadFile(file); string(got) != test.after {
				t.Errorf("the file is %s, want %s", got, test.after)
			}
			if (applied == 1) != (test.want == nil) {
				t.Errorf("applied %d times", applied)
			}
		})
	}
	l := &Logs{Config: config.NewStore("/nonexistent/config.json", "", journal.New(t.Output(), nil))}
	if err := l.SetPersistent(t.Context(), true, nil); !errors.Is(err, ErrNotWritten) {
		t.Errorf("got %v, want ErrNotWritten", err)
	}
}

func TestUnknownOptions(t *testing.T) {
	l := new(world).logs()
	options := map[string]dbus.Variant{"fast": dbus.MakeVariant(true)}
	if err := l.SetPersistent(t.Context(), true, options); !errors.Is(err, bus.ErrInvalidArgs) {
		t.Errorf("SetPersistent: got %v", err)
	}
	if _, err := l.Vacuum(t.Context(), 0, options); !errors.Is(err, bus.ErrInvalidArgs) {
		t.Errorf("Vacuum: got %v", err)
	}
}

func TestVacuum(t *testing.T) {
	for _, test := range []struct {
		name   string
		world  world
		limit  uint64
		did    string
		freed  uint64
		active bool
		want   error
	}{
		{"little enough", world{used: 10, flushed: true}, 10, "", 0, false, nil},
		{"on disk", world{used: 10, flushed: true}, 4, "O", 6, true, nil},
		{"in RAM", world{used: 10}, 0, "", 10, false, nil},
		{"journald is away", world{used: 10, flushed: true, journalErr: journald.ErrUnavailable}, 0, "O", 0, false, journald.ErrUnavailable},
	} {
		w := test.world
		freed, err := w.logs().Vacuum(t.Context(), test.limit, nil)
		if freed != test.freed || !errors.Is(err, test.want) || w.did != test.did || w.vacuumedActive != test.active {
			t.Errorf("%s: freed %d, %v, did %q, active %v", test.name, freed, err, w.did, w.vacuumedActive)
		}
	}
}

func TestFlush(t *testing.T) {
	if err := (&world{onDisk: true}).logs().Flush(t.Context()); err != nil {
		t.Error(err)
	}
	if err := new(world).logs().Flush(t.Context()); !errors.Is(err, ErrNotPersistent) {
		t.Errorf("got %v, want ErrNotPersistent", err)
	}
}
