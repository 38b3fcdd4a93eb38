package sshd

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// systemd answers as systemctl does, from a state.
type systemd struct {
	state string
	did   []string
}

func (s *systemd) run(_ context.Context, args ...string) (string, error) {
	if args[0] == "show" {
		return s.state, nil
	}
	s.did = append(s.did, strings.Join(args, " "))
	return "", nil
}

func TestServer(t *testing.T) {
	dir := t.TempDir()
	manager := &systemd{state: "inactive"}
	s := &Server{file: filepath.Join(dir, "keys-only.conf"), run: manager.run}
	ctx := t.Context()
	step := func(what string, err error, want ...string) {
		t.Helper()
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if !slices.Equal(manager.did, want) {
			t.Errorf("%s: did %q, want %q", what, manager.did, want)
		}
		manager.did = nil
	}
	step("keys while it is down", s.RequireKeys(ctx, true))
	if text, err := os.ReadFile(s.file); err != nil || string(text) != keysOnly {
		t.Errorf("the file is %q, %v", text, err)
	}
	step("up", s.Listen(ctx, true), "start ssh.service")
	manager.state = "active"
	step("up again", s.Listen(ctx, true))
	step("keys again", s.RequireKeys(ctx, true))
	step("no keys", s.RequireKeys(ctx, false), "reload ssh.service")
	step("no keys again", s.RequireKeys(ctx, false))
	if _, err := os.Stat(s.file); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	step("keys", s.RequireKeys(ctx, true), "reload ssh.service")
	step("down", s.Listen(ctx, false), "stop ssh.service")
}
