package kernelname

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/shared/layout"
)

// inNamespace runs the rest of the test on a thread with a host name of its own.
func inNamespace(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	if err := unix.Unshare(unix.CLONE_NEWUTS); err != nil {
		t.Fatalf("cannot make a UTS namespace (the tests run as root): %v", err)
	}
}

func TestWatchTellsEveryChange(t *testing.T) {
	inNamespace(t)
	name := New("/")
	changes := make(chan struct{}, 10)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if err := name.Watch(ctx, func() { changes <- struct{}{} }); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two", "three"} {
		time.Sleep(20 * time.Millisecond)
		if err := unix.Sethostname([]byte(want)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatalf("the change to %s was not told", want)
		}
		if got, err := name.Read(); err != nil || got != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
}

func TestReadOfAnotherRoot(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "proc/sys/kernel/hostname")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := New(layout.Root(root)).Read(); err == nil {
		t.Error("a name was read where there is none")
	}
	if err := os.WriteFile(path, []byte("bath\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := New(layout.Root(root)).Read(); err != nil || got != "bath" {
		t.Errorf("got %q, %v", got, err)
	}
}
