package slots

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/shared/layout"
)

func TestBooted(t *testing.T) {
	root := t.TempDir()
	table := Table{Root: layout.Root(root)}
	if err := os.MkdirAll(filepath.Join(root, "proc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]bootenv.Slot{
		"ro resin.slot=B quiet\n": bootenv.B, "resin.slot=A": bootenv.A,
		"resin.slot=C": bootenv.None, "quiet": bootenv.None, "xresin.slot=A": bootenv.None,
	} {
		if err := os.WriteFile(filepath.Join(root, "proc/cmdline"), []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := table.Booted()
		if got != want || (want == bootenv.None) != errors.Is(err, ErrNotBooted) {
			t.Errorf("%q: slot %q, %v", line, got, err)
		}
	}
}
