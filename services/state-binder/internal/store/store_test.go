package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/layout"
)

var errFault = errors.New("fault")

// fake is a partition with faults.
type fake struct {
	mounted, readOnly, absent, hopeless bool
	broken                              int // 1: a check helps, 2: only making it anew
	made                                bool
}

func (f *fake) Mounted() (mounted, writable bool) { return f.mounted, !f.readOnly }
func (f *fake) Present() bool                     { return !f.absent }

func (f *fake) Mount() error {
	if f.broken > 0 {
		return errFault
	}
	f.mounted = true
	return nil
}

func (f *fake) Check(context.Context) error {
	if f.broken > 1 {
		return errFault
	}
	f.broken = 0
	return nil
}

func (f *fake) Make(context.Context) error {
	if f.hopeless {
		return errFault
	}
	f.broken, f.made = 0, true
	return nil
}

func TestOpen(t *testing.T) {
	tests := []struct {
		name string
		disk fake
		want Kind
		says string
	}{
		{"fine", fake{mounted: true}, Partition, ""},
		{"read-only", fake{mounted: true, readOnly: true}, Partition, "read-only"},
		{"late", fake{}, Partition, ""},
		{"absent", fake{absent: true}, Memory, "no such partition"},
		{"repairable", fake{broken: 1}, Partition, "repaired"},
		{"beyond repair", fake{broken: 2}, Recreated, "made anew"},
		{"hopeless", fake{broken: 2, hopeless: true}, Memory, "nothing survives"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			kind, problems := Open(t.Context(), &test.disk)
			if kind != test.want {
				t.Errorf("kept in %s, want %s", kind, test.want)
			}
			if (len(problems) > 0) != (test.says != "") || test.says != "" && !strings.Contains(problems[0].Reason, test.says) {
				t.Errorf("problems are %v, want %q", problems, test.says)
			}
			if test.disk.made != (test.want == Recreated) {
				t.Errorf("made anew: %v", test.disk.made)
			}
		})
	}
}

// TestExt4 lets the real tools work on a file instead of a device: what was
// zeroed is made anew, what is damaged a little is repaired.
func TestExt4(t *testing.T) {
	root := layout.Root(t.TempDir())
	file := root.Path(device)
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, make([]byte, 20<<20), 0o600)); err != nil {
		t.Fatal(err)
	}
	disk := Ext4{Root: root}
	if !disk.Present() {
		t.Error("it is not there")
	}
	if err := disk.Check(t.Context()); err == nil {
		t.Error("zeroes pass the check")
	}
	if err := disk.Make(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := disk.Check(t.Context()); err != nil {
		t.Errorf("a new file system does not pass: %v", err)
	}
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, 1024), 1024); err != nil { // the superblock: there are others
		t.Fatal(err)
	}
	if err := disk.Check(t.Context()); err != nil {
		t.Errorf("it is not repaired: %v", err)
	}
}

func TestIsMountPoint(t *testing.T) {
	for path, want := range map[string]bool{"/proc": true, t.TempDir(): false, "/nonexistent": false} {
		if got := IsMountPoint(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}
