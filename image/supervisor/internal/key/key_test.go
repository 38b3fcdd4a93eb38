package key_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/image/supervisor/internal/key"
)

func TestEnsure(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	first, err := key.Ensure(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("the file is %v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := key.Ensure(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(string(text))
	if !first.Is(secret) || !again.Is(secret) {
		t.Error("the key is not the file's")
	}
	for _, wrong := range []string{"", secret[1:], secret + "0", strings.ToUpper(secret) + " "} {
		if first.Is(wrong) {
			t.Errorf("%q is the key", wrong)
		}
	}
}

func TestEnsureRefuses(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("x", 64)} {
		path := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := key.Ensure(path); !errors.Is(err, key.ErrNoKey) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
