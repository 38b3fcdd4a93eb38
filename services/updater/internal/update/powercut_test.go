package update

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/updatework"
)

// page is the file of the book.
func (w *world) page() string { return filepath.Join(w.dir, "book.json") }

// keepPage gives the book of now back: a power cut came before it was written again.
func (w *world) keepPage(t *testing.T) func() {
	t.Helper()
	page, err := os.ReadFile(w.page())
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.WriteFile(w.page(), page, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) lastEvent() book.Event { return w.Book.Events[len(w.Book.Events)-1] }

// TestProofIsNotedLater: the power goes between the environment and the book.
func TestProofIsNotedLater(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.boot(t, w.loader(t), "second")
	cut := w.keepPage(t)
	w.Prove(t.Context())
	cut()
	w.boot(t, w.loader(t), "third")
	w.want(t, proven(bootenv.B))
	if last := w.lastEvent(); last.Event != book.Good || w.Book.Trial != nil || w.Book.Rollback != "" {
		t.Errorf("the last event is %+v, the trial %+v, rolled back because %q", last, w.Book.Trial, w.Book.Rollback)
	}
}

// TestRollbackIsNotedOnce: the power goes between the book and the environment.
func TestRollbackIsNotedOnce(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.boot(t, w.loader(t), "second")
	w.faults = []string{"the engine is silent"}
	w.Prove(t.Context())
	before, err := w.env.Load()
	if err != nil {
		t.Fatal(err)
	}
	w.boot(t, w.loader(t), "third")
	events := len(w.Book.Events)
	if err := w.env.Store(before); err != nil {
		t.Fatal(err)
	}
	w.boot(t, w.loader(t), "fourth")
	w.want(t, proven(bootenv.A))
	if !strings.Contains(w.Book.Rollback, "the engine is silent") || len(w.Book.Events) != events {
		t.Errorf("the reason is %q, %d events, %d before", w.Book.Rollback, len(w.Book.Events), events)
	}
}

// TestUnreadableEnvironmentIsMended: what runs stays what it was.
func TestUnreadableEnvironmentIsMended(t *testing.T) {
	w := newWorld(t)
	spoil := func() {
		if err := os.WriteFile(w.env.Path, make([]byte, 1024), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spoil()
	w.boot(t, bootenv.A, "damaged")
	w.want(t, proven(bootenv.A))
	w.install(t)
	w.boot(t, w.loader(t), "trial")
	spoil()
	w.boot(t, bootenv.B, "damaged on trial")
	w.want(t, bootenv.State{Slot: bootenv.B, Good: bootenv.A, Tries: bootenv.Tries - 1})
}

// TestNothingIsWrittenThatCannotBeNoted: or a slot that is neither old nor new would
// pass for the old one.
func TestNothingIsWrittenThatCannotBeNoted(t *testing.T) {
	w := newWorld(t)
	w.install(t)
	w.Book.Dir = filepath.Join(w.dir, "none")
	written := false
	w.work = func(hooks worker.Hooks) error {
		err := hooks.Found(updatework.Found{Version: "2.2.0"})
		written = err == nil
		return errors.Join(err, errors.New("cut"))
	}
	w.install(t)
	if written {
		t.Error("the slot was written")
	}
}

// TestBootFilesAreFinished: the next boot finishes what was interrupted, once.
func TestBootFilesAreFinished(t *testing.T) {
	w := newWorld(t)
	w.Places.Boot = t.TempDir()
	list := filepath.Join(w.dir, updatework.PendingBootFiles)
	for name, text := range map[string]string{list: `["EXTRA.BIN","../outside"]`, filepath.Join(w.Places.Boot, "EXTRA.TMP"): "half", filepath.Join(w.Places.Boot, "EXTRA.JNL"): "half"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finishBootFiles(); err == nil || !strings.Contains(err.Error(), "outside") {
		t.Errorf("a path that leads elsewhere: %v", err)
	}
	left, err := os.ReadDir(w.Places.Boot)
	if err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if err := w.finishBootFiles(); err != nil {
		t.Error(err)
	}
	if err := atomicfile.Replace(filepath.Join(w.Places.Boot, "EXTRA.BIN"), nil, []byte("whole"), 0o600); err != nil {
		t.Errorf("it cannot be added again: %v", err)
	}
}
