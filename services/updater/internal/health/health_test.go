package health

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries := 0
		late := Check{"late", func(context.Context) error {
			if tries++; tries < 4 {
				return errors.New("not yet")
			}
			return nil
		}}
		if err := Await(t.Context(), time.Minute, []Check{late}); err != nil {
			t.Errorf("a check that passes late: %v", err)
		}
		bad := Check{"bad", func(context.Context) error { return errors.New("broken") }}
		err := Await(t.Context(), time.Minute, []Check{late, bad})
		if !errors.Is(err, ErrUnhealthy) || !strings.Contains(err.Error(), "bad: broken") {
			t.Errorf("got %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Await(ctx, time.Minute, []Check{bad}); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}

func TestDropIns(t *testing.T) {
	usr, etc := t.TempDir(), t.TempDir()
	write := func(dir, name, script string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), mode); err != nil {
			t.Fatal(err)
		}
	}
	write(usr, "10-good", "exit 0", 0o755)
	write(usr, "20-replaced", "exit 1", 0o755)
	write(etc, "20-replaced", "echo first; echo the reason; exit 3", 0o755)
	write(usr, "README", "exit 1", 0o644)
	write(usr, "30-masked", "exit 1", 0o755)
	if err := os.Symlink("/dev/null", filepath.Join(etc, "30-masked")); err != nil {
		t.Fatal(err)
	}
	checks := DropIns(usr, etc, filepath.Join(usr, "absent"))
	if len(checks) != 2 {
		t.Fatalf("%d checks: %v", len(checks), checks)
	}
	if err := checks[0].Run(t.Context()); err != nil {
		t.Errorf("%s: %v", checks[0].Name, err)
	}
	if err := checks[1].Run(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 3: the reason") {
		t.Errorf("%s: %v", checks[1].Name, err)
	}
}

func TestEngine(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "engine")
	check := Engine(socket)
	if err := check(t.Context()); err == nil {
		t.Error("no engine passes")
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	answers := make(chan string, 3)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if _, err := conn.Read(make([]byte, 200)); err == nil {
				_, _ = conn.Write([]byte(<-answers))
			}
			conn.Close()
		}
	}()
	for answer, well := range map[string]bool{"HTTP/1.0 200 OK\r\n\r\nOK": true, "HTTP/1.0 500 no\r\n\r\n": false, "": false} {
		answers <- answer
		if err := check(t.Context()); (err == nil) != well {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
