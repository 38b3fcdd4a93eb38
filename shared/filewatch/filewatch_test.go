package filewatch_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/shared/filewatch"
)

const (
	quiet = 50 * time.Millisecond
	soon  = 10 * time.Second // on a busy machine
	never = 500 * time.Millisecond
)

// follow counts what is told of watches, the start left out.
func follow(t *testing.T, pace filewatch.Pace, watches ...*filewatch.Watch) <-chan struct{} {
	t.Helper()
	told := make(chan struct{}, 100)
	filewatch.Follow(t.Context(), slog.New(slog.DiscardHandler), pace, func() { told <- struct{}{} }, watches...)
	await(t, told, "the start")
	return told
}

func await(t *testing.T, told <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-told:
	case <-time.After(soon):
		t.Fatalf("%s is not told", what)
	}
}

func silent(t *testing.T, told <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-told:
		t.Errorf("%s is told", what)
	case <-time.After(never):
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(time.Now().String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFolder goes through a folder's life: it is not there, comes, has files, is
// replaced by another one of the same name, goes.
func TestFolder(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	above := t.TempDir()
	dir := filepath.Join(above, "a", "b")
	told := follow(t, filewatch.Pace{Quiet: quiet}, filewatch.Folder(dir, log))
	write(t, filepath.Join(above, "beside"))
	silent(t, told, "a file beside a folder that is to come")
	do(t, os.MkdirAll(dir, 0o755))
	await(t, told, "a folder that came")
	file := filepath.Join(dir, "file")
	write(t, file)
	await(t, told, "a new file")
	write(t, file)
	await(t, told, "a changed file")
	do(t, os.Chmod(file, 0o644))
	silent(t, told, "a mode")
	do(t, os.Mkdir(filepath.Join(dir, "below"), 0o755))
	await(t, told, "a folder in it")
	write(t, filepath.Join(dir, "below", "file"))
	silent(t, told, "a file in a folder below")
	do(t, os.Remove(file))
	await(t, told, "a file that went")
	do(t, os.Rename(dir, dir+".old"))
	await(t, told, "a folder that went")
	do(t, os.Mkdir(dir, 0o755))
	await(t, told, "another folder of that name")
	write(t, file)
	await(t, told, "a file in it")
}

// TestFile is told of one file among others.
func TestFile(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	dir := t.TempDir()
	told := follow(t, filewatch.Pace{Quiet: quiet}, filewatch.New(filepath.Join(dir, "mine"), log))
	write(t, filepath.Join(dir, "other"))
	silent(t, told, "another file")
	write(t, filepath.Join(dir, "other"))
	do(t, os.Rename(filepath.Join(dir, "other"), filepath.Join(dir, "mine")))
	await(t, told, "a file renamed over it")
}

// TestPace has a writer that does not stop: once with an end to the patience, once without.
func TestPace(t *testing.T) {
	log := slog.New(slog.DiscardHandler)
	for name, c := range map[string]struct {
		most time.Duration
		want bool
	}{"patient": {0, false}, "not for ever": {300 * time.Millisecond, true}} {
		t.Run(name, func(t *testing.T) {
			one, two := t.TempDir(), t.TempDir()
			told := follow(t, filewatch.Pace{Quiet: time.Second, Most: c.most}, filewatch.Folder(one, log), filewatch.Folder(two, log))
			for len(told) > 0 {
				<-told
			}
			early := false
			for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
				write(t, filepath.Join(one, "file"))
				early = early || len(told) > 0
			}
			if early != c.want {
				t.Errorf("told while it writes: %v", early)
			}
			await(t, told, "the end")
			write(t, filepath.Join(two, "file"))
			await(t, told, "the other folder")
		})
	}
}
