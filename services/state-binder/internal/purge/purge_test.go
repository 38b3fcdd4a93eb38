package purge

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resinos.io/services/state-binder/internal/place"
)

var errFault = errors.New("fault")

// faulty is the real file system until its n-th call. That call fails, before or
// after it did its work, as all that follow: the power is gone.
type faulty struct {
	real
	left  *int
	after bool
}

func (f faulty) try(do func() error) error {
	*f.left--
	switch {
	case *f.left > 0:
		return do()
	case *f.left == 0 && f.after:
		return errors.Join(do(), errFault)
	}
	return errFault
}

func (f faulty) mkdir(path string) error {
	return f.try(func() error { return f.real.mkdir(path) })
}

func (f faulty) rename(from, to string) error {
	return f.try(func() error { return f.real.rename(from, to) })
}

func (f faulty) removeAll(path string) error {
	return f.try(func() error { return f.real.removeAll(path) })
}

func (f faulty) copy(to, from string) error {
	return f.try(func() error { return f.real.copy(to, from) })
}

// sync costs time and changes nothing that a test can see.
func (f faulty) sync(string) error { return f.try(func() error { return nil }) }

var keep = []string{"/etc/machine-id", "/var/lib/resinos/bridge/uuid", "/absent"}

// used makes a partition as a device has it that was in use.
func used(t *testing.T) place.Dir {
	t.Helper()
	dir := place.Dir(t.TempDir())
	for path, text := range map[string]string{
		"root-overlay/etc/machine-id":               "id",
		"root-overlay/var/lib/resinos/bridge/uuid":  "uuid",
		"root-overlay/var/lib/resinos/bridge/other": "other",
		"root-overlay/etc/NetworkManager/a":         "secret",
		"somebody/else":                             "x",
		"lost+found/1":                              "found",
		"purge":                                     "state\n",
	} {
		file := filepath.Join(string(dir), path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Prepare(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// tree lists the files of the partition, without those in the trash.
func tree(t *testing.T, dir place.Dir) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(string(dir), func(path string, entry os.DirEntry, err error) error {
		if path == dir.Trash() {
			return filepath.SkipDir
		}
		if err == nil && !entry.IsDir() {
			files = append(files, strings.TrimPrefix(path, string(dir)+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(files, " ")
}

const purged = "lost+found/1 purge root-overlay/etc/machine-id root-overlay/var/lib/resinos/bridge/uuid"

func TestEmpty(t *testing.T) {
	dir := used(t)
	for range 3 { // doing it again changes nothing
		if err := Empty(dir, keep); err != nil {
			t.Fatal(err)
		}
		if got := tree(t, dir); got != purged {
			t.Errorf("after the purge there are %s", got)
		}
	}
	if text, _ := os.ReadFile(dir.Source("/var/lib/resinos/bridge/uuid")); string(text) != "uuid" {
		t.Errorf("the uuid is %q", text)
	}
}

// TestEmptyNothing purges a partition that nothing was ever on.
func TestEmptyNothing(t *testing.T) {
	dir := place.Dir(t.TempDir())
	if err := Empty(dir, keep); err != nil {
		t.Error(err)
	}
	if got := tree(t, dir); got != "" {
		t.Errorf("there are %s", got)
	}
	if err := Empty(place.Dir(filepath.Join(string(dir), "absent")), nil); err == nil {
		t.Error("a partition that is not there was purged")
	}
}

// TestEmptyInterrupted cuts the power at each step of a purge, and again at each
// step of the purge that follows at the next boot. The one after that completes.
func TestEmptyInterrupted(t *testing.T) {
	cuts := 0
	for _, after := range []bool{false, true} {
		for first := 1; ; first++ {
			done := false
			for second := 1; ; second++ {
				dir := used(t)
				n := first
				if err := empty(faulty{left: &n, after: after}, dir, keep); n > 0 {
					if err != nil {
						t.Fatal(err)
					}
					done = true
					break
				}
				cuts++
				n = second
				err := empty(faulty{left: &n, after: after}, dir, keep)
				if n > 0 && err != nil {
					t.Fatalf("cut at %d: the next boot: %v", first, err)
				}
				completed := n > 0
				n = 1000
				if err := empty(faulty{left: &n}, dir, keep); err != nil {
					t.Fatalf("cut at %d, %d: the next boot: %v", first, second, err)
				}
				if got := tree(t, dir); got != purged {
					t.Fatalf("cut at %d, %d: there are %s", first, second, got)
				}
				if text, _ := os.ReadFile(dir.Source("/var/lib/resinos/bridge/uuid")); string(text) != "uuid" {
					t.Fatalf("cut at %d, %d: the uuid is %q", first, second, text)
				}
				if completed {
					break
				}
			}
			if done {
				break
			}
		}
	}
	if cuts < 100 {
		t.Errorf("only %d cuts", cuts)
	}
}

func TestRequests(t *testing.T) {
	boot := t.TempDir()
	r := Requests{State: place.Dir(t.TempDir()), Boot: boot}
	expect := func(want string) {
		t.Helper()
		if got, err := r.Pending(); err != nil || got.String() != want {
			t.Errorf("pending is %q, %v, want %q", got, err, want)
		}
	}
	touch := func(names ...string) {
		t.Helper()
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(boot, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	expect("")
	must(t, r.Ask(Scope{State: true}))
	expect("state")
	must(t, r.Ask(Scope{Data: true}))
	expect("all")
	must(t, r.Done(Scope{State: true}))
	expect("data")
	must(t, r.Cancel())
	must(t, r.Cancel())
	expect("")
	touch("purge-data.txt")
	expect("data")
	touch("purge-state")
	expect("all")
	must(t, r.Done(Scope{Data: true}))
	expect("state")
	must(t, r.Cancel())
	expect("")
	touch("purge-state", "purge-data")
	must(t, r.Done(Scope{State: true, Data: true}))
	expect("")
	if left, _ := os.ReadDir(boot); len(left) > 0 {
		t.Errorf("on the boot partition is %v", left)
	}
	if left, _ := os.ReadDir(string(r.State)); len(left) > 0 {
		t.Errorf("on the state partition is %v", left)
	}
}

// TestGarbledRequest purges nothing for a request that nobody can read, says so,
// and can be replaced.
func TestGarbledRequest(t *testing.T) {
	r := Requests{State: place.Dir(t.TempDir()), Boot: t.TempDir()}
	must(t, os.WriteFile(r.State.Request(), []byte("everything"), 0o600))
	if scope, err := r.Pending(); !errors.Is(err, ErrScope) || scope != (Scope{}) {
		t.Errorf("pending is %v, %v", scope, err)
	}
	must(t, r.Ask(Scope{Data: true}))
	if scope, err := r.Pending(); err != nil || scope.String() != "data" {
		t.Errorf("pending is %v, %v", scope, err)
	}
}

// TestTidy takes away a request whose removal was cut short, and no other.
func TestTidy(t *testing.T) {
	r := Requests{State: place.Dir(t.TempDir()), Boot: t.TempDir()}
	must(t, r.Tidy())
	must(t, r.Ask(Scope{State: true}))
	must(t, r.Tidy())
	if scope, err := r.Pending(); err != nil || scope.String() != "state" {
		t.Errorf("pending is %v, %v", scope, err)
	}
	must(t, os.Truncate(r.State.Request(), 0))
	if scope, err := r.Pending(); err != nil || scope != (Scope{}) {
		t.Errorf("half removed, pending is %v, %v", scope, err)
	}
	must(t, r.Tidy())
	if _, err := os.Lstat(r.State.Request()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
}

// TestStuckRequest has a boot partition that cannot be written: the device is
// purged once, not at every boot, and again when the owner asks again.
func TestStuckRequest(t *testing.T) {
	dir := used(t)
	r := Requests{State: dir, Boot: t.TempDir()}
	must(t, os.Remove(dir.Request()))
	file := filepath.Join(r.Boot, bootState)
	must(t, os.WriteFile(file, nil, 0o600))
	stuck := r.bootFiles()
	must(t, r.remember([]string{identity(stuck[0])})) // what Done does when Remove fails
	if scope, err := r.Pending(); err != nil || scope != (Scope{}) {
		t.Errorf("pending is %v, %v", scope, err)
	}
	must(t, Empty(dir, nil))
	if scope, err := r.Pending(); err != nil || scope != (Scope{}) {
		t.Errorf("after a purge pending is %v, %v", scope, err)
	}
	must(t, os.WriteFile(file, []byte("again"), 0o600))
	if scope, err := r.Pending(); err != nil || scope.String() != "state" {
		t.Errorf("asked again, pending is %v, %v", scope, err)
	}
}

func TestScope(t *testing.T) {
	for _, word := range []string{"state", "data", "all"} {
		if scope, err := ParseScope(word); err != nil || scope.String() != word {
			t.Errorf("%s is %v, %v", word, scope, err)
		}
	}
	for _, word := range []string{"", "State", "boot", "state data"} {
		if _, err := ParseScope(word); !errors.Is(err, ErrScope) {
			t.Errorf("%q: %v", word, err)
		}
	}
}

func TestSweep(t *testing.T) {
	dir := used(t)
	must(t, os.WriteFile(dir.Source("/etc/NetworkManager/large"), make([]byte, 1<<20), 0o600))
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.WriteFile(outside, nil, 0o600))
	must(t, os.Symlink(filepath.Dir(outside), dir.Source("/etc/link")))
	must(t, os.Link(dir.Source("/etc/NetworkManager/large"), dir.Source("/etc/hard")))
	if Trash(dir) {
		t.Error("there is trash before the purge")
	}
	must(t, Empty(dir, keep))
	if !Trash(dir) {
		t.Error("there is no trash after the purge")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Sweep(cancelled, func(Progress) {}, dir); !errors.Is(err, context.Canceled) || !Trash(dir) {
		t.Errorf("cancelled: %v", err)
	}
	var reports []Progress
	must(t, Sweep(t.Context(), func(p Progress) { reports = append(reports, p) }, dir))
	if Trash(dir) {
		t.Error("there is trash after the sweep")
	}
	if got := tree(t, dir); got != purged {
		t.Errorf("after the sweep there are %s", got)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a link was followed: %v", err)
	}
	last := reports[len(reports)-1]
	if last.Left || reports[0].Total < 1 || !slices.IsSortedFunc(reports, func(a, b Progress) int { return int(a.Done) - int(b.Done) }) {
		t.Errorf("reports are %v", reports)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
