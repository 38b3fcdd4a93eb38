package screen

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/layout"
)

// rooted is a screen whose Plymouth has a client that is the script, and the process as its daemon.
func rooted(t *testing.T, script string, pid int) Screen {
	t.Helper()
	s := Screen{Root: layout.Root(t.TempDir())}
	for path, text := range map[string]string{client: "#!/bin/sh\n" + script + "\n", pidPath: fmt.Sprintf("%d\n", pid)} {
		path = s.Root.Path(path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
	}
	return s
}

// TestPlymouth has one that answers, none, and one that is too busy to answer.
func TestPlymouth(t *testing.T) {
	for _, c := range []struct {
		name, script string
		runs, ends   bool
	}{
		{"answers", "exit 0", true, true},
		{"is not there", "exit 1", false, false},
		{"is busy", "exec sleep 60", true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			daemon := exec.Command("sleep", "60")
			if err := daemon.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- daemon.Wait() }()
			t.Cleanup(func() { _ = daemon.Process.Kill() })
			s := rooted(t, c.script, daemon.Process.Pid)
			short := func() context.Context {
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				t.Cleanup(cancel)
				return ctx
			}
			if runs := s.plymouthRuns(short()); runs != c.runs {
				t.Errorf("it runs: %v", runs)
			}
			if err := s.endPlymouth(short()); (err == nil) != c.ends {
				t.Errorf("ending it: %v", err)
			}
			select {
			case <-ended:
				if !c.ends {
					t.Error("it was killed")
				}
			case <-time.After(2 * time.Second):
				if c.ends {
					t.Error("it still runs")
				}
			}
		})
	}
}
