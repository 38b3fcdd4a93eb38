// Package program compiles what the tests bring to a device: programs that run
// there, without anything else of the device's.
package program

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Build returns the program in folder, statically linked.
func Build(t *testing.T, folder string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".")
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v: %s", folder, err, out)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
