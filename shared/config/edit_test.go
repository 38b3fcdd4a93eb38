package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func setHostname(name string) func(*Document) error {
	return func(d *Document) error { return d.Set("/hostname", name) }
}

func TestEdit(t *testing.T) {
	s := newStore(t, fixture)
	if err := s.Edit(t.Context(), setHostname("new")); err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(fixture, `"old"`, `"new"`, 1); get(t, s.file) != want {
		t.Errorf("got\n%s", get(t, s.file))
	}
	s.Load().want(t, FromFile, "new")
	before, err := os.Stat(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Edit(t.Context(), setHostname("new")); err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(s.file); err != nil || !os.SameFile(before, after) {
		t.Errorf("an edit that changes nothing wrote (%v)", err)
	}
}

func TestEditMakesTheFile(t *testing.T) {
	s := newStore(t, "")
	if err := s.Edit(t.Context(), setHostname("new")); err != nil {
		t.Fatal(err)
	}
	if got := get(t, s.file); got != "{\n  \"hostname\": \"new\"\n}\n" {
		t.Errorf("%q", got)
	}
}

func TestEditRefuses(t *testing.T) {
	mine := errors.New("mine")
	tests := []struct {
		name, text string
		edit       func(*Document) error
		want       error
		message    string
	}{
		{"syntax", "{\n\n  \"a\": x}", setHostname("a"), ErrSyntax, "cannot edit config.json: it does not parse: line 3, column 8: "},
		{"empty", " ", setHostname("a"), ErrSyntax, "the file is empty"},
		{"too large", strings.Repeat(" ", MaxSize+1), setHostname("a"), ErrTooLarge, "cannot edit config.json: it is larger"},
		{"invalid value", fixture, setHostname("a b"), ErrInvalidValue, "cannot set /hostname: invalid value: not a valid host name: only letters"},
		{"becomes too large", fixture, func(d *Document) error { return d.Set("/a", strings.Repeat("x", MaxSize)) }, ErrTooLarge, ""},
		{"the caller's error", fixture, func(*Document) error { return mine }, mine, "cannot edit config.json: mine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, tt.text)
			err := s.Edit(t.Context(), tt.edit)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.message) {
				t.Errorf("%v; want %v: %s", err, tt.want, tt.message)
			}
			if get(t, s.file) != tt.text {
				t.Error("the file was touched")
			}
			if entries, _ := os.ReadDir(filepath.Dir(s.file)); len(entries) != 1 {
				t.Errorf("left behind: %v", entries)
			}
		})
	}
	t.Run("directory in place of the file", func(t *testing.T) {
		s := newStore(t, "")
		if err := os.Mkdir(s.file, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.Edit(t.Context(), setHostname("a")); !errors.Is(err, ErrNotRegular) {
			t.Error(err)
		}
	})
	t.Run("no directory", func(t *testing.T) {
		s := newStore(t, "")
		s.file = filepath.Join(s.file, "boot", "config.json")
		if err := s.Edit(t.Context(), setHostname("a")); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	})
}

// TestEditWithAnOutsider lets a program without the lock change the file in the
// middle of an edit: both changes are kept.
func TestEditWithAnOutsider(t *testing.T) {
	s := newStore(t, `{"a":1}`)
	calls := 0
	err := s.Edit(t.Context(), func(d *Document) error {
		if calls++; calls == 1 {
			put(t, s.file, `{"a":2}`)
		}
		return d.Set("/hostname", "x")
	})
	if err != nil || calls != 2 || get(t, s.file) != `{"a":2,"hostname":"x"}` {
		t.Errorf("%v after %d calls: %s", err, calls, get(t, s.file))
	}
}

func TestEditFinishesAnInterruptedOne(t *testing.T) {
	s := newStore(t, `{"a":1}`)
	put(t, filepath.Join(filepath.Dir(s.file), "CONFIG.JNL"), "torn")
	if err := s.Edit(t.Context(), setHostname("x")); err != nil {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(filepath.Dir(s.file)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestEditWaitsForTheLock(t *testing.T) {
	s := newStore(t, `{"a":1}`)
	unlock, err := lock(t.Context(), filepath.Dir(s.file))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Edit(ctx, setHostname("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want %v", err, context.DeadlineExceeded)
	}
	done := make(chan error)
	go func() { done <- s.Edit(t.Context(), setHostname("x")) }()
	time.Sleep(20 * time.Millisecond)
	unlock()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// editsEach is how many keys each editor of the test below sets.
const editsEach = 15

// TestEditorsAtOnce runs editors in two other processes and two goroutines;
// each sets keys of its own, and not one is lost.
func TestEditorsAtOnce(t *testing.T) {
	if file := os.Getenv("CONFIG_TEST_EDIT"); file != "" {
		editMany(t, file, os.Getenv("CONFIG_TEST_NAME"))
		return
	}
	s := newStore(t, `{"a":1}`)
	var group sync.WaitGroup
	for i := range 4 {
		name := fmt.Sprint("editor", i)
		group.Go(func() {
			if i >= 2 {
				editMany(t, s.file, name)
				return
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestEditorsAtOnce$")
			cmd.Env = append(os.Environ(), "CONFIG_TEST_EDIT="+s.file, "CONFIG_TEST_NAME="+name)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	group.Wait()
	d, err := parseDocument([]byte(get(t, s.file)))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		for n := range editsEach {
			if key := fmt.Sprintf("/editor%d-%d", i, n); !d.Has(key) {
				t.Errorf("%s is lost", key)
			}
		}
	}
}

func editMany(t *testing.T, file, name string) {
	s := NewStore(file, "", nil)
	for n := range editsEach {
		if err := s.Edit(t.Context(), func(d *Document) error { return d.Set(fmt.Sprintf("/%s-%d", name, n), n) }); err != nil {
			t.Error(err)
		}
	}
}

// TestEditOnAFullDisk edits on a file system that has no room for it.
func TestEditOnAFullDisk(t *testing.T) {
	inMountNamespace(t, func() {
		dir := t.TempDir()
		mount(t, dir, "size=64k")
		s := newStore(t, "")
		s.file = filepath.Join(dir, "config.json")
		put(t, s.file, `{"a":1}`)
		full := 0
		for size := 0; size < 80<<10; size += 2 << 10 {
			before := get(t, s.file)
			err := s.Edit(t.Context(), func(d *Document) error { return d.Set("/a", strings.Repeat("x", size)) })
			switch {
			case err == nil:
				continue
			case !errors.Is(err, unix.ENOSPC):
				t.Fatal(err)
			case get(t, s.file) != before:
				t.Errorf("%d: the file was changed", size)
			}
			full++
			if entries, _ := os.ReadDir(dir); len(entries) != 1 {
				t.Fatalf("%d: left behind: %v", size, entries)
			}
		}
		if full == 0 {
			t.Error("the disk was never full")
		}
	})
}

func BenchmarkEdit(b *testing.B) {
	for _, dir := range []string{"", "/dev/shm"} {
		b.Run(filepath.Base(dir), func(b *testing.B) {
			s := newStore(b, "")
			if dir != "" {
				shm, err := os.MkdirTemp(dir, "edit")
				if err != nil {
					b.Skip(err)
				}
				b.Cleanup(func() { _ = os.RemoveAll(shm) })
				s.file = filepath.Join(shm, "config.json")
			}
			put(b, s.file, fixture)
			for n := 0; b.Loop(); n++ {
				if err := s.Edit(b.Context(), setHostname(fmt.Sprint("a", n))); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
