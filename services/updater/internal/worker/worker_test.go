package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/updatework"
)

// script makes a worker that is a shell script.
func script(t *testing.T, body string) Program {
	t.Helper()
	path := filepath.Join(t.TempDir(), "worker")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nread request\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return Program(path)
}

func TestRun(t *testing.T) {
	var found updatework.Found
	var progress updatework.Progress
	hooks := Hooks{
		Found:    func(f updatework.Found) error { found = f; return nil },
		Progress: func(p updatework.Progress) { progress = p },
	}
	err := script(t, `echo '{"found":{"version":"2.1.0","size":5}}'
read go
[ "$go" = go ] && echo '{"progress":{"done":5,"total":5,"stage":"x"}}'
echo '{"done":true}'`).Run(t.Context(), updatework.Request{}, hooks)
	if err != nil || found.Version != "2.1.0" || progress.Done != 5 {
		t.Errorf("found %+v, progress %+v, %v", found, progress, err)
	}
}

func TestRunFails(t *testing.T) {
	refusal := errors.New("no")
	for name, c := range map[string]struct {
		body  string
		hooks Hooks
		is    error
	}{
		"no result": {body: "exit 0", is: updatework.ErrProtocol},
		"no JSON":   {body: "echo hello; read more", is: updatework.ErrProtocol},
		"refused": {
			body: `echo '{"found":{"version":"2.1.0"}}'; read go; echo '{"done":true}'`, is: refusal,
			hooks: Hooks{Found: func(updatework.Found) error { return refusal }},
		},
	} {
		if err := script(t, c.body).Run(t.Context(), updatework.Request{}, c.hooks); !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var named *updatework.Error
	err := script(t, `echo '{"error":{"name":"Expired","message":"old"}}'`).Run(t.Context(), updatework.Request{}, Hooks{})
	if !errors.As(err, &named) || named.Name != updatework.Expired {
		t.Errorf("got %v", err)
	}
	if err := Program("/nonexistent").Run(t.Context(), updatework.Request{}, Hooks{}); err == nil {
		t.Error("a worker that is not there runs")
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := script(t, "exec sleep 60").Run(ctx, updatework.Request{}, Hooks{}); err == nil {
		t.Error("a worker that was cancelled is done")
	}
	if time.Since(start) > 20*time.Second {
		t.Error("it was not ended")
	}
}
