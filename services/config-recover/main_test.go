package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	tests := []struct {
		name   string
		side   string // "" = none
		args   []string
		status int
		log    string
	}{
		{name: "nothing to do", status: 0, log: "nothing to recover"},
		{name: "incomplete side file", side: "resinos", status: 0, log: "discarded an incomplete side file"},
		{name: "unknown flag", args: []string{"--rot"}, status: 2},
		{name: "argument", args: []string{"now"}, status: 2},
		{name: "help", args: []string{"-h"}, status: 0},
		{name: "no boot partition", args: []string{"--root", "/nonexistent"}, status: 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			boot := filepath.Join(root, "mnt/boot")
			if err := os.MkdirAll(boot, 0o755); err != nil {
				t.Fatal(err)
			}
			if tt.side != "" {
				if err := os.WriteFile(filepath.Join(boot, "CONFIG.JNL"), []byte(tt.side), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			log := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutTime}))
			status := run(append([]string{"--root", root}, tt.args...), log)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if !strings.Contains(out.String(), tt.log) || strings.Contains(out.String(), "time=") {
				t.Errorf("log %q, want %q", out.String(), tt.log)
			}
			if left, _ := os.ReadDir(boot); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestRunFails(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "mnt/boot/CONFIG.JNL"), 0o755); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if status := run([]string{"--root", root}, slog.New(slog.NewTextHandler(&out, nil))); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	if !strings.Contains(out.String(), "recovery failed") {
		t.Errorf("log %q", out.String())
	}
}
