package updatelock

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOnlyAHeldLockCounts(t *testing.T) {
	dir := t.TempDir()
	check := func(want string) {
		t.Helper()
		if held, err := Held(dir); err != nil || held != want {
			t.Errorf("held is %q, %v; want %q", held, err, want)
		}
	}
	if held, err := Held(filepath.Join(dir, "absent")); err != nil || held != "" {
		t.Errorf("no directory: %q, %v", held, err)
	}
	path := filepath.Join(dir, "app", "updates.lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	check("") // a forgotten file
	for _, kind := range []int{unix.LOCK_EX, unix.LOCK_SH} {
		if err := unix.Flock(int(file.Fd()), kind); err != nil {
			t.Fatal(err)
		}
		check(path)
	}
	file.Close()
	check("")
}
