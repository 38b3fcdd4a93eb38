package identity

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/config"
	"resinos.io/shared/journal"
)

const given = "0123456789abcdef0123456789abcdef"

// device is a config.json and a folder of state.
type device struct {
	config, state string
	store         *config.Store
}

func newDevice(t *testing.T, configJSON string) *device {
	t.Helper()
	dir := t.TempDir()
	d := &device{config: filepath.Join(dir, "config.json"), state: filepath.Join(dir, "state")}
	d.write(t, configJSON)
	d.store = config.NewStore(d.config, "", journal.New(t.Output(), nil))
	return d
}

func (d *device) write(t *testing.T, configJSON string) {
	t.Helper()
	if err := os.WriteFile(d.config, []byte(configJSON), 0o600); err != nil {
		t.Fatal(err)
	}
}

// ensure is what a new process gets.
func (d *device) ensure(t *testing.T) (string, error) {
	t.Helper()
	return New(d.state, d.store).Ensure(t.Context(), d.store.Load().Config.UUID)
}

func TestMadeOnceAndWrittenBack(t *testing.T) {
	d := newDevice(t, `{"theirs": 1}`)
	first, err := d.ensure(t)
	if err != nil || config.ValidUUID(first) != nil {
		t.Fatalf("got %q, %v", first, err)
	}
	text, _ := os.ReadFile(d.config)
	if want := `{"theirs": 1,"uuid": "` + first + `"}`; string(text) != want {
		t.Errorf("config.json is %s, want %s", text, want)
	}
	if again, err := d.ensure(t); err != nil || again != first {
		t.Errorf("then %q, %v", again, err)
	}
	d.write(t, `{}`) // a new card
	if again, err := d.ensure(t); err != nil || again != first {
		t.Errorf("after the key was lost %q, %v", again, err)
	}
	if text, _ := os.ReadFile(d.config); !strings.Contains(string(text), first) {
		t.Errorf("not written back: %s", text)
	}
	if other, err := New(filepath.Join(t.TempDir(), "other"), newDevice(t, `{}`).store).Ensure(t.Context(), ""); err != nil || other == first {
		t.Errorf("two devices have the uuid %q, %v", other, err)
	}
}

func TestTheOwnersIsFollowed(t *testing.T) {
	d := newDevice(t, `{"uuid": "`+strings.ToUpper(given)+`"}`)
	if got, err := d.ensure(t); err != nil || got != given {
		t.Errorf("got %q, %v", got, err)
	}
	if text, _ := os.ReadFile(filepath.Join(d.state, "uuid")); string(text) != given+"\n" {
		t.Errorf("the copy is %q", text)
	}
}

func TestWhatIsNoUUIDIsNotOverwritten(t *testing.T) {
	const theirs = `{"uuid": "mine"}`
	d := newDevice(t, theirs)
	got, err := d.ensure(t)
	if err != nil || config.ValidUUID(got) != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if text, _ := os.ReadFile(d.config); string(text) != theirs {
		t.Errorf("config.json is now %s", text)
	}
}

func TestABrokenConfigKeepsTheUUID(t *testing.T) {
	d := newDevice(t, `{`)
	got, err := d.ensure(t)
	if !errors.Is(err, ErrNotStored) || config.ValidUUID(got) != nil {
		t.Fatalf("got %q, %v; want a uuid and ErrNotStored", got, err)
	}
	if again, _ := d.ensure(t); again != got {
		t.Errorf("then %q, was %q", again, got)
	}
	d.write(t, `{}`)
	if again, err := d.ensure(t); err != nil || again != got {
		t.Errorf("after it was mended %q, %v; was %q", again, err, got)
	}
}

func TestADamagedCopyIsMadeAnew(t *testing.T) {
	d := newDevice(t, `{"uuid": "`+given+`"}`)
	if err := os.MkdirAll(d.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.state, "uuid"), []byte("01\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := d.ensure(t); err != nil || got != given {
		t.Errorf("got %q, %v", got, err)
	}
	if text, _ := os.ReadFile(filepath.Join(d.state, "uuid")); string(text) != given+"\n" {
		t.Errorf("the copy is %q", text)
	}
}

func TestStateThatCannotBeWritten(t *testing.T) {
	d := newDevice(t, `{}`)
	if err := os.WriteFile(d.state, nil, 0o600); err != nil { // a file where the folder should be
		t.Fatal(err)
	}
	identity := New(d.state, d.store)
	got, err := identity.Ensure(t.Context(), "")
	if !errors.Is(err, ErrNotStored) || config.ValidUUID(got) != nil {
		t.Fatalf("got %q, %v; want a uuid and ErrNotStored", got, err)
	}
	if again, _ := identity.Ensure(t.Context(), ""); again != got {
		t.Errorf("then %q, was %q", again, got)
	}
}
