package descriptor_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"resinos.io/services/splash-setter/internal/descriptor"
)

const (
	limit  = 100
	within = 200 * time.Millisecond
)

func file(t *testing.T, content string, flags int) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func pipe(t *testing.T) (int, *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return int(r.Fd()), w
}

func TestReadFile(t *testing.T) {
	f := file(t, "skipped and read", os.O_RDONLY)
	if _, err := f.Seek(8, 0); err != nil {
		t.Fatal(err)
	}
	data, err := descriptor.Read(int(f.Fd()), limit, within)
	if err != nil || string(data) != "and read" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := f.Stat(); err != nil {
		t.Errorf("the client's descriptor was closed: %v", err)
	}
}

func TestReadPipe(t *testing.T) {
	fd, w := pipe(t)
	go func() {
		for range 3 {
			time.Sleep(10 * time.Millisecond)
			_, _ = w.WriteString("abc") // checked by what is read
		}
		w.Close()
	}()
	data, err := descriptor.Read(fd, limit, 5*time.Second)
	if err != nil || string(data) != "abcabcabc" {
		t.Errorf("%q, %v", data, err)
	}
}

func TestReadSilentPipe(t *testing.T) {
	fd, _ := pipe(t)
	start := time.Now()
	if _, err := descriptor.Read(fd, limit, within); !errors.Is(err, descriptor.ErrUnreadable) {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestReadLimits(t *testing.T) {
	exact := file(t, strings.Repeat("x", limit), os.O_RDONLY)
	if data, err := descriptor.Read(int(exact.Fd()), limit, within); err != nil || len(data) != limit {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	over := file(t, strings.Repeat("x", limit+1), os.O_RDONLY)
	if _, err := descriptor.Read(int(over.Fd()), limit, within); !errors.Is(err, descriptor.ErrTooLarge) {
		t.Errorf("a file: %v", err)
	}
	endless, w := pipe(t)
	go func() { _, _ = w.WriteString(strings.Repeat("x", 1<<15)) }() // ends with the pipe
	if _, err := descriptor.Read(endless, limit, within); !errors.Is(err, descriptor.ErrTooLarge) {
		t.Errorf("a pipe: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	sockets, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(sockets[0])
	defer syscall.Close(sockets[1])
	zero, err := os.Open("/dev/zero")
	if err != nil {
		t.Fatal(err)
	}
	defer zero.Close()
	folder, err := os.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	for name, fd := range map[string]int{
		"a socket": sockets[0], "a device": int(zero.Fd()), "a folder": int(folder.Fd()), "nothing": 999,
		"open for writing": int(file(t, "x", os.O_WRONLY).Fd()),
	} {
		if _, err := descriptor.Read(fd, limit, within); !errors.Is(err, descriptor.ErrUnreadable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
