//go:build container

package containers

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/e2e/container"
)

// A root is a container of the image's root, as a host.
type root struct{ *container.Container }

func (r root) Run(t *testing.T, command string) string { t.Helper(); return r.MustRun(t, command) }

func (r root) Try(t *testing.T, command string) (string, error) {
	return r.Container.Run(t.Context(), command)
}

func (r root) RunInput(t *testing.T, command string, input io.Reader) {
	t.Helper()
	data, err := io.ReadAll(input)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.Data, "input"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	r.Run(t, "{ "+command+"; } </mnt/data/input")
}

func (r root) Await(t *testing.T, limit time.Duration, command, want string) {
	t.Helper()
	var out string
	for start := time.Now(); time.Since(start) < limit; time.Sleep(100 * time.Millisecond) {
		if out, _ = r.Try(t, command); out == want { // it may fail until it does not
			return
		}
	}
	t.Fatalf("%s\nprints %q after %v, want %q", command, out, limit, want)
}
