package atomicfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	oldText   = `{"hostname":"old"}`
	newText   = `{"hostname":"new","more":"text"}`
	otherText = `{"hostname":"from a PC"}`
)

var validJSON = func(data []byte) error {
	if !json.Valid(data) {
		return errors.New("not JSON")
	}
	return nil
}

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// get returns the content of path, "" if it is not there.
func get(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(data)
}

// names returns what is in the directory of path besides path.
func names(t testing.TB, path string) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for _, e := range entries {
		if e.Name() != filepath.Base(path) {
			others = append(others, e.Name())
		}
	}
	return strings.Join(others, " ")
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	for _, perm := range []fs.FileMode{0o600, 0o644, 0o666} {
		if err := Write(path, []byte(perm.String()), perm); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != perm || get(t, path) != perm.String() {
			t.Errorf("%v %v %q, want %v", err, info.Mode(), get(t, path), perm)
		}
	}
	if left := names(t, path); left != "" {
		t.Errorf("left behind: %s", left)
	}
	if err := Write(filepath.Join(path, "no", "dir"), nil, 0o600); err == nil {
		t.Error("no error without a directory")
	}
}

// TestWriteFaults fails each operation in turn: old or new, and on an error of
// anything but the cleaning up nothing is left behind.
func TestWriteFaults(t *testing.T) {
	for _, kind := range []fault{failEIO, failENOSPC, crash} {
		for n := 1; ; n++ {
			path := filepath.Join(t.TempDir(), "file")
			put(t, path, oldText)
			o := &faulty{kind: kind, nth: n}
			err := write(o, path, []byte(newText), 0o600)
			if !o.reached() {
				t.Logf("%s: %d operations", kind, n-1)
				break
			}
			if err == nil {
				t.Errorf("%s at %d: no error", kind, n)
			}
			if now := get(t, path); now != oldText && now != newText {
				t.Errorf("%s at %d: %q", kind, n, now)
			}
			if left := names(t, path); kind != crash && left != "" {
				t.Errorf("%s at %d: left behind %s", kind, n, left)
			}
		}
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	steps := []struct {
		name     string
		old, new []byte
		want     error
	}{
		{"make", nil, []byte(oldText), nil},
		{"change", []byte(oldText), []byte(newText), nil},
		{"changed meanwhile", []byte(oldText), []byte(otherText), ErrChanged},
		{"thought to be missing", nil, []byte(otherText), ErrChanged},
		{"too large", []byte(newText), make([]byte, MaxSize+1), ErrTooLarge},
		{"to empty", []byte(newText), []byte{}, nil},
		{"from empty", []byte{}, []byte(oldText), nil},
	}
	for _, step := range steps {
		before := get(t, path)
		if err := Replace(path, step.old, step.new, 0o640); !errors.Is(err, step.want) {
			t.Fatalf("%s: %v, want %v", step.name, err, step.want)
		}
		if step.want != nil && get(t, path) != before || step.want == nil && get(t, path) != string(step.new) {
			t.Errorf("%s: %q", step.name, get(t, path))
		}
		if left := names(t, path); left != "" {
			t.Errorf("%s: left behind %s", step.name, left)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

// full is a file system with few free blocks.
type full struct {
	disk
	free int64
}

func (f full) space(string) (free, size int64, err error) { return f.free, 16, nil }

// TestFull: without room for everything that Replace and, after a power cut,
// Recover may need, nothing is touched.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	put(t, path, oldText)
	side := len(newJournal(nil, []byte(newText)).encode())
	blocks := func(n int) int64 { return int64(n+15) / 16 }
	enough := 2*blocks(len(newText)) + blocks(side) + 1
	replace := func(free int64) error {
		return target{full{free: free}, path}.replace([]byte(oldText), []byte(newText), 0o600)
	}
	if err := replace(enough - 1); !errors.Is(err, syscall.ENOSPC) || get(t, path) != oldText || names(t, path) != "" {
		t.Errorf("%v, %q, beside it %q", err, get(t, path), names(t, path))
	}
	if err := replace(enough); err != nil || get(t, path) != newText {
		t.Errorf("%v, %q", err, get(t, path))
	}
	put(t, path, oldText)
	put(t, target{path: path}.side(), string(newJournal([]byte(oldText), []byte(newText)).encode()))
	recovery := func(free int64) error {
		_, err := target{full{free: free}, path}.recover(validJSON)
		return err
	}
	if err := recovery(blocks(len(newText))); !errors.Is(err, syscall.ENOSPC) || get(t, path) != oldText {
		t.Errorf("%v, %q", err, get(t, path))
	}
	if err := recovery(blocks(len(newText)) + 1); err != nil || get(t, path) != newText {
		t.Errorf("%v, %q", err, get(t, path))
	}
}

func TestReplaceWaitsForRecover(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.json")
	put(t, path, oldText)
	put(t, target{disk{}, path}.side(), "anything")
	if err := Replace(path, []byte(oldText), []byte(newText), 0o600); !errors.Is(err, ErrUnfinished) {
		t.Errorf("%v, want %v", err, ErrUnfinished)
	}
	if get(t, path) != oldText {
		t.Error("the file was touched")
	}
}

// TestReplaceFaults fails each operation of Replace in turn, then recovers.
// When the error came before the rename the old content must be back at once.
func TestReplaceFaults(t *testing.T) {
	for _, existed := range []bool{true, false} {
		for _, kind := range []fault{failEIO, failENOSPC, crash} {
			for n := 1; ; n++ {
				path, old := begin(t, existed)
				o := &faulty{kind: kind, nth: n}
				err := target{o, path}.replace(old, []byte(newText), 0o600)
				if !o.reached() {
					t.Logf("%s: %d operations", kind, n-1)
					break
				}
				if err == nil && get(t, path) != newText {
					t.Errorf("%s at %d: no error, but %q", kind, n, get(t, path))
				}
				want := get(t, path) // where there is no power cut, Recover changes no content
				if kind == crash {
					want = ""
				}
				recovered(t, fmt.Sprintf("%s at %d", kind, n), path, string(old), want)
			}
		}
	}
}

func begin(t *testing.T, existed bool) (path string, old []byte) {
	path = filepath.Join(t.TempDir(), "config.json")
	if existed {
		old = []byte(oldText)
		put(t, path, oldText)
	}
	return path, old
}

// recovered calls Recover twice and checks that the file is old or new, that
// nothing is left behind and that the second call finds nothing to do.
func recovered(t *testing.T, what, path, old, want string) {
	t.Helper()
	if _, err := Recover(path, validJSON); err != nil {
		t.Errorf("%s: %v", what, err)
	}
	now := get(t, path)
	if now != old && now != newText || want != "" && now != want && now != newText {
		t.Errorf("%s: %q, want %q", what, now, want)
	}
	if left := names(t, path); left != "" {
		t.Errorf("%s: left behind %s", what, left)
	}
	if again, err := Recover(path, validJSON); again != Nothing || err != nil || get(t, path) != now {
		t.Errorf("%s: second recovery: %s, %v", what, again, err)
	}
}

// TestRecoverFaults interrupts Replace at each operation and then Recover at
// each of its own: a power cut during the recovery from a power cut.
func TestRecoverFaults(t *testing.T) {
	for first := 1; ; first++ {
		path, old := begin(t, true)
		o := &faulty{kind: crash, nth: first}
		_ = target{o, path}.replace(old, []byte(newText), 0o600)
		if !o.reached() {
			break
		}
		before := snapshot(t, path)
		for _, kind := range []fault{failEIO, failENOSPC, crash} {
			for second := 1; ; second++ {
				path := restore(t, before)
				o := &faulty{kind: kind, nth: second}
				_, _ = target{o, path}.recover(validJSON)
				if !o.reached() {
					break
				}
				recovered(t, fmt.Sprintf("crash at %d, %s at %d", first, kind, second), path, oldText, "")
			}
		}
	}
}

func snapshot(t *testing.T, path string) map[string]string {
	files := map[string]string{}
	for _, name := range append(strings.Fields(names(t, path)), filepath.Base(path)) {
		files[name] = get(t, filepath.Join(filepath.Dir(path), name))
	}
	return files
}

func restore(t *testing.T, files map[string]string) (path string) {
	dir := t.TempDir()
	for name, text := range files {
		put(t, filepath.Join(dir, name), text)
	}
	return filepath.Join(dir, "config.json")
}
