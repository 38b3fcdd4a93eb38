package device

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"
)

// Try runs command in the machine's shell.
func (m *Machine) Try(t *testing.T, command string) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	out, err := m.client.Run(ctx, command)
	return trim(out), err
}

func trim(out string) string { return strings.TrimSpace(out) }

// Run runs command and fails the test if it fails.
func (m *Machine) Run(t *testing.T, command string) string {
	t.Helper()
	out, err := m.Try(t, command)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// Put writes content to a file of the machine.
func (m *Machine) Put(t *testing.T, path string, content io.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	if _, err := m.client.RunInput(ctx, "cat > "+path, content); err != nil {
		t.Fatal(err)
	}
}

// Await runs command until it prints want, for at most limit.
func (m *Machine) Await(t *testing.T, limit time.Duration, command, want string) {
	t.Helper()
	var out string
	for start := time.Now(); time.Since(start) < limit; time.Sleep(100 * time.Millisecond) {
		out, _ = m.Try(t, command) // it may fail until it does not
		if out == want {
			return
		}
	}
	t.Fatalf("%s\nprints %q after %v, want %q", command, out, limit, want)
}

// RunInput is Run with something on the command's standard input.
func (m *Machine) RunInput(t *testing.T, command string, input io.Reader) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	if out, err := m.client.RunInput(ctx, command, input); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
