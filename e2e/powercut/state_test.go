//go:build powercut || vm

package powercut

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/vmtest"
)

var (
	stateDisk = flag.String("disk", "", "of which TestState shows a state, as \"a\"")
	stateSpec = flag.String("state", "", "that TestState shows, as \"subset cut=12 kept=9,11\"")
)

// TestState shows a state of a failed test: the files as Linux sees them, and
// what is wrong with the file system. The disk itself is written beside its
// record. The state is what a message has before its first ":" or ";"; what a
// recovery made of it later is in the other records.
//
//	go test -tags powercut -run TestState -v ./e2e/powercut -disk a -state "subset cut=12 kept=9,11"
func TestState(t *testing.T) {
	if *stateSpec == "" {
		t.Skip("shows a state that -disk and -state name")
	}
	spec, err := crashlog.ParseSpec(*stateSpec)
	vmtest.Must(t, err)
	all := disks()
	i := slices.IndexFunc(all, func(d *disk) bool { return d.name == *stateDisk })
	if i < 0 {
		t.Fatalf("there is no disk %q", *stateDisk)
	}
	d := all[i]
	d.dir = failures
	base, err := os.Open(d.base())
	vmtest.Must(t, err)
	defer base.Close()
	image, err := readLog(t, filepath.Join(failures, d.name+".edits.log"), d).Build(base, spec)
	vmtest.Must(t, err)
	show(t, image)
	save(t, d, image)
}

func show(t *testing.T, image *crashlog.Image) {
	v, err := look(image)
	vmtest.Must(t, err)
	for _, name := range slices.Sorted(maps.Keys(v.near)) {
		f := v.near[name]
		t.Logf("%s: %d bytes, unreadable %v: %.120q", name, len(f.data), f.eio, f.data)
	}
	t.Log(v.report)
}

func save(t *testing.T, d *disk, image *crashlog.Image) {
	path := filepath.Join(failures, d.name+".state.img")
	vmtest.Run(t, "cp", "--sparse=always", d.base(), path)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	vmtest.Must(t, err)
	defer f.Close()
	for n, data := range image.Sectors() {
		_, err := f.WriteAt(data, int64(n)*512)
		vmtest.Must(t, err)
	}
	t.Logf("the disk is in %s", path)
}
