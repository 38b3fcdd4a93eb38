package files

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const machine = "0123456789abcdef0123456789abcdef"

// Names as journald gives them, oldest first; what is being written comes last.
const (
	oldest   = "system@6e890ac471d24dd2a6ca7c35b510e5c3-0000000000000001-0006611000000000.journal"
	crashed  = "system@0006611100000000-64f5ebb4d137422c.journal~"
	youngest = "user-1000@6e890ac471d24dd2a6ca7c35b510e5c3-0000000000000900-0006611200000000.journal"
	active   = "system.journal"
)

// folder returns a folder with journal files of 64 KiB each, and others' files.
func folder(t *testing.T, names ...string) *Dir {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, machine), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, "notes.txt", "fss") {
		if err := os.WriteFile(filepath.Join(dir, machine, name), make([]byte, 64<<10), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New(dir)
}

func (d *Dir) names(t *testing.T) string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(d.path, machine))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func TestUsageIsThatOfDu(t *testing.T) {
	d := folder(t, oldest, crashed, active)
	sparse := filepath.Join(d.path, machine, youngest)
	if err := errors.Join(os.WriteFile(sparse, []byte("x"), 0o600), os.Truncate(sparse, 100<<20)); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sh", "-c", "cd "+filepath.Join(d.path, machine)+" && du -c -B1 *.journal* | tail -1 | cut -f1").Output()
	if err != nil {
		t.Fatal(err)
	}
	want, err := strconv.ParseUint(strings.TrimSpace(string(out)), 10, 64)
	if got, usageErr := d.Usage(); err != nil || usageErr != nil || got != want {
		t.Errorf("got %d, %v; du says %d, %v", got, usageErr, want, err)
	}
}

func TestNoFolder(t *testing.T) {
	d := New(filepath.Join(t.TempDir(), "none"))
	if used, err := d.Usage(); used != 0 || err != nil {
		t.Errorf("usage is %d, %v", used, err)
	}
	if freed, err := d.Vacuum(0, false); freed != 0 || err != nil {
		t.Errorf("freed %d, %v", freed, err)
	}
	if err := d.Mark(false); err != nil {
		t.Error(err)
	}
	if err := d.Mark(true); err == nil {
		t.Error("a mark where there is no folder")
	}
	if err := d.Check(0); !errors.Is(err, ErrNoPlace) {
		t.Errorf("got %v, want ErrNoPlace", err)
	}
}

func TestVacuum(t *testing.T) {
	const one = 64 << 10
	all := []string{active, oldest, crashed, youngest}
	for _, test := range []struct {
		name  string
		limit uint64
		open  bool
		gone  []string
	}{
		{"enough room", 4 * one, true, nil},
		{"one too much", 4*one - 1, true, []string{oldest}},
		{"half", 2 * one, false, []string{oldest, crashed}},
		{"all that can go", 0, true, []string{oldest, crashed, youngest}},
		{"all", 0, false, all},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := folder(t, all...)
			freed, err := d.Vacuum(test.limit, test.open)
			if want := uint64(len(test.gone) * one); err != nil || freed != want {
				t.Errorf("freed %d, %v; want %d", freed, err, want)
			}
			left := d.names(t)
			for _, name := range append(all, "notes.txt", "fss") {
				gone := strings.Contains(strings.Join(test.gone, " "), name)
				if strings.Contains(left, name) == gone {
					t.Errorf("%s: gone is %v; left are %s", name, !gone, left)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	d := folder(t)
	if err := d.Check(1); err != nil {
		t.Errorf("got %v", err)
	}
	if err := d.Check(1 << 60); !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	if err := New("/dev/shm").Check(0); !errors.Is(err, ErrNoPlace) {
		t.Errorf("RAM: got %v, want ErrNoPlace", err)
	}
}

func TestMark(t *testing.T) {
	d := folder(t)
	for _, on := range []bool{true, true, false, false, true} {
		if err := d.Mark(on); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(d.path, "persistent")); (err == nil) != on {
			t.Errorf("marked %v: %v", on, err)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, seed := range []string{oldest, crashed, youngest, active, "@.journal", "a@--.journal", "x.journal~", ".journal", "@-.journal~"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		archived, stamp, ok := parseName(name)
		if ok && !strings.HasSuffix(name, ".journal") && !strings.HasSuffix(name, ".journal~") {
			t.Errorf("%q is a journal's", name)
		}
		if !archived && stamp != 0 {
			t.Errorf("%q: stamp %d of a file that was not archived", name, stamp)
		}
	})
}
