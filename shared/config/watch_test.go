package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long a test waits for something that must come.
const patience = 10 * time.Second

// watching runs Watch on s after a first Load, until the test ends.
func watching(t *testing.T, s *Store) <-chan Snapshot {
	t.Helper()
	s.Load()
	ctx, cancel := context.WithCancel(t.Context())
	changes, done := make(chan Snapshot, 100), make(chan error)
	go func() { done <- s.Watch(ctx, func(snapshot Snapshot) { changes <- snapshot }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Watch: %v", err)
		}
	})
	return changes
}

// next returns the next change.
func next(t *testing.T, changes <-chan Snapshot) Snapshot {
	t.Helper()
	select {
	case s := <-changes:
		return s
	case <-time.After(patience):
		t.Fatal("no change was told")
	}
	return Snapshot{}
}

// quietly makes sure that no change comes.
func quietly(t *testing.T, changes <-chan Snapshot) {
	t.Helper()
	select {
	case s := <-changes:
		t.Errorf("told %+v", s)
	case <-time.After(quietMost + 4*quiet):
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func named(name string) string { return fmt.Sprintf(`{"hostname":%q}`, name) }

// TestWatch changes a file in the ways of editors, scripts and file managers.
// Each is one change, and none is told as a fault on the way.
func TestWatch(t *testing.T) {
	tests := []struct {
		name   string
		change func(t *testing.T, path string)
	}{
		{"written in place", func(t *testing.T, path string) { put(t, path, named("b")) }},
		{"renamed over", func(t *testing.T, path string) {
			put(t, path+".new", named("b"))
			do(t, os.Rename(path+".new", path))
		}},
		{"moved from elsewhere", func(t *testing.T, path string) {
			other := filepath.Join(t.TempDir(), "x")
			put(t, other, named("b"))
			do(t, os.Rename(other, path))
		}},
		{"removed and made again", func(t *testing.T, path string) {
			do(t, os.Remove(path))
			time.Sleep(4 * quiet)
			put(t, path, named("b"))
		}},
		{"copied slowly", func(t *testing.T, path string) {
			f, err := os.Create(path)
			do(t, err)
			defer f.Close()
			for _, c := range []byte(named("b")) {
				_, err := f.Write([]byte{c})
				do(t, err)
				time.Sleep(2 * quiet)
			}
		}},
		{"with an editor's swap file", func(t *testing.T, path string) {
			dir := filepath.Dir(path)
			put(t, filepath.Join(dir, ".config.json.swp"), "b0VIM 9.0")
			put(t, filepath.Join(dir, "4913"), "")
			do(t, os.Remove(filepath.Join(dir, "4913")))
			do(t, os.Rename(path, path+"~"))
			put(t, path, named("b"))
			do(t, os.Remove(path+"~"))
			do(t, os.Remove(filepath.Join(dir, ".config.json.swp")))
		}},
		{"with Edit", func(t *testing.T, path string) {
			do(t, NewStore(path, "", nil).Edit(t.Context(), setHostname("b")))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, named("a"))
			changes := watching(t, s)
			time.Sleep(2 * quiet)
			tt.change(t, s.file)
			next(t, changes).want(t, FromFile, "b")
			quietly(t, changes)
		})
	}
}

func TestWatchFaults(t *testing.T) {
	t.Parallel()
	s := newStore(t, named("a"))
	changes := watching(t, s)
	put(t, s.file, "{\n")
	next(t, changes).want(t, FromLastGood, "a", "line 2, column 1")
	put(t, s.file, strings.Repeat("garbage ", 1<<20))
	next(t, changes).want(t, FromLastGood, "a", "larger than 1 MiB")
	do(t, os.Remove(s.file))
	next(t, changes).want(t, FromLastGood, "a", "it is not there")
	do(t, os.Mkdir(s.file, 0o700))
	next(t, changes).want(t, FromLastGood, "a", "not a regular file")
	do(t, os.Remove(s.file))
	put(t, s.file, named("b"))
	for got := next(t, changes); got.Source != FromFile; got = next(t, changes) {
		got.want(t, FromLastGood, "a", "it is not there") // between the two
	}
	quietly(t, changes)
}

// TestWatchManyWrites writes a hundred times a second for a second.
func TestWatchManyWrites(t *testing.T) {
	t.Parallel()
	s := newStore(t, named("a"))
	changes := watching(t, s)
	for i := range 100 {
		put(t, s.file, named(fmt.Sprint("b", i)))
		time.Sleep(10 * time.Millisecond)
	}
	told := 0
	for got := (Snapshot{}); got.Config.Hostname != "b99"; told++ {
		got = next(t, changes)
		if got.Source != FromFile {
			t.Errorf("%+v", got)
		}
	}
	if told < 2 || told > 25 {
		t.Errorf("told %d times", told)
	}
	quietly(t, changes)
}

// TestWatchFromLoad changes the file between Load and Watch.
func TestWatchFromLoad(t *testing.T) {
	t.Parallel()
	s := newStore(t, named("a"))
	s.Load()
	put(t, s.file, named("b"))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_ = s.Watch(ctx, func(got Snapshot) {
		got.want(t, FromFile, "b")
		cancel()
	})
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error("the change was not told")
	}
}

func TestWatchDirectories(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	above := filepath.Dir(s.file)
	dir := filepath.Join(above, "mnt", "boot")
	s.file = filepath.Join(dir, "config.json")
	changes := watching(t, s)
	time.Sleep(2 * quiet)
	do(t, os.MkdirAll(dir, 0o700))
	put(t, s.file, named("a"))
	next(t, changes).want(t, FromFile, "a")

	do(t, os.Rename(dir, dir+".away"))
	next(t, changes).want(t, FromLastGood, "a", "it is not there")
	put(t, filepath.Join(dir+".away", "config.json"), named("not seen"))
	do(t, os.Mkdir(dir, 0o700))
	put(t, s.file, named("b"))
	next(t, changes).want(t, FromFile, "b")

	do(t, os.RemoveAll(filepath.Join(above, "mnt")))
	next(t, changes).want(t, FromLastGood, "b", "it is not there")
	do(t, os.MkdirAll(dir, 0o700))
	put(t, s.file, named("c"))
	next(t, changes).want(t, FromFile, "c")
	quietly(t, changes)
}

// TestWatchMounts takes the partition away and brings it back, which makes no
// inotify event at the mount point.
func TestWatchMounts(t *testing.T) {
	t.Parallel()
	inMountNamespace(t, func() {
		s := newStore(t, "")
		dir := filepath.Join(filepath.Dir(s.file), "boot")
		do(t, os.Mkdir(dir, 0o700))
		s.file = filepath.Join(dir, "config.json")
		changes := watching(t, s)
		for i := range 3 {
			name := fmt.Sprint("a", i)
			mount(t, dir, "")
			put(t, s.file, named(name))
			next(t, changes).want(t, FromFile, name)
			put(t, s.file, named(name+"x"))
			next(t, changes).want(t, FromFile, name+"x")
			unmount(t, dir)
			next(t, changes).want(t, FromLastGood, name+"x", "it is not there")
		}
		mount(t, dir, "")
		put(t, s.file, named("b"))
		next(t, changes).want(t, FromFile, "b")
		mount(t, dir, "") // over it, with nothing on it
		next(t, changes).want(t, FromLastGood, "b", "it is not there")
		unmount(t, dir)
		next(t, changes).want(t, FromFile, "b")
		unmount(t, dir)
		mount(t, dir, "") // so quick that only the mount table tells
		put(t, s.file, named("c"))
		next(t, changes).want(t, FromFile, "c")
		quietly(t, changes)
	})
}

// BenchmarkWatch measures from the end of the write to the call of changed.
func BenchmarkWatch(b *testing.B) {
	s := newStore(b, named("a"))
	s.Load()
	changes := make(chan struct{}, 1)
	go func() { _ = s.Watch(b.Context(), func(Snapshot) { changes <- struct{}{} }) }()
	time.Sleep(2 * quiet)
	for n := 0; b.Loop(); n++ {
		put(b, s.file, named(fmt.Sprint("b", n)))
		<-changes
	}
}
