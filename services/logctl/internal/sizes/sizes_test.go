package sizes

import (
	"context"
	"errors"
	"os"
	"testing"

	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// daemon counts restarts and remembers what journald read at the last one.
type daemon struct {
	file     *File
	restarts int
	read     string
	err      error
}

func newDaemon(t *testing.T) *daemon {
	d := &daemon{}
	d.file = New(layout.Root(t.TempDir()), func(context.Context) error {
		d.restarts++
		text, _ := os.ReadFile(d.file.dropIn)
		d.read = string(text)
		return d.err
	})
	return d
}

func (d *daemon) set(t *testing.T, want, inForce config.Logging, restarts int) {
	t.Helper()
	got, err := d.file.Set(t.Context(), want)
	if got != inForce || !errors.Is(err, d.err) || d.restarts != restarts {
		t.Errorf("set %v: in force %v, %v, %d restarts; want %v, %v, %d", want, got, err, d.restarts, inForce, d.err, restarts)
	}
}

func TestSet(t *testing.T) {
	d := newDaemon(t)
	byDefault := config.Defaults().Logging
	small := config.Logging{RuntimeMaxUse: 1 << 20, SystemMaxUse: 5 << 20}
	d.set(t, byDefault, byDefault, 0)
	d.set(t, small, small, 1)
	d.set(t, small, small, 1)
	if want := "[Journal]\nRuntimeMaxUse=1048576\nSystemMaxUse=5242880\n"; d.read[len(d.read)-len(want):] != want {
		t.Errorf("journald read %s", d.read)
	}
	d.set(t, byDefault, byDefault, 2)
}

// TestRestartFails requires another try later, also of a process that knows nothing
// of the first one.
func TestRestartFails(t *testing.T) {
	d := newDaemon(t)
	byDefault, small := config.Defaults().Logging, config.Logging{RuntimeMaxUse: 1 << 20}
	d.err = errors.New("no")
	d.set(t, small, byDefault, 1)
	d.set(t, small, byDefault, 2)
	d.err = nil
	d.set(t, small, small, 3)
}

func TestDamagedRecord(t *testing.T) {
	d := newDaemon(t)
	want := config.Defaults().Logging
	d.set(t, config.Logging{RuntimeMaxUse: 1 << 20}, config.Logging{RuntimeMaxUse: 1 << 20}, 1)
	if err := os.WriteFile(d.file.inForce, []byte("RuntimeMaxUse=\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.set(t, want, want, 2)
}

func FuzzParse(f *testing.F) {
	f.Add(uint64(8<<20), uint64(0), []byte("RuntimeMaxUse=\nx"))
	f.Add(uint64(1), uint64(1<<62), []byte("=="))
	f.Fuzz(func(t *testing.T, runtime, system uint64, text []byte) {
		parse(text) // of anything: no panic
		want := config.Logging{RuntimeMaxUse: runtime, SystemMaxUse: system}
		if got := parse(render(want)); got != want {
			t.Errorf("%v became %v", want, got)
		}
	})
}
