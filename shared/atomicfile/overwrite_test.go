package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestOverwrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "block")
	if err := Overwrite(path, []byte("1234")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := os.WriteFile(path, []byte("1234"), 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Overwrite(path, []byte("12345")); !errors.Is(err, ErrSize) {
		t.Errorf("a longer content: %v", err)
	}
	if err := Overwrite(path, []byte("5678")); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "5678" || !os.SameFile(before, after) {
		t.Errorf("the file has %q, %v", content, err)
	}
}
