package crashlog_test

import (
	"errors"
	"maps"
	"reflect"
	"testing"

	"resinos.io/e2e/crashlog"
)

func busy() *crashlog.Log {
	return log(write(0, "abc"), write(5, "d"), flush(), write(1, "efg"), with(write(2, "h"), crashlog.FUA),
		discard(0, 2), mark("m"), write(3, "ijkl"), flush(), write(0, "n"))
}

// TestBuild: every state can be built again from its description, and what was
// given keeps its content while the walk goes on.
func TestBuild(t *testing.T) {
	var states []crashlog.State
	for s := range busy().States(disk(16), 7) {
		states = append(states, s)
	}
	for _, s := range states {
		spec, err := crashlog.ParseSpec(s.String())
		if err != nil || !reflect.DeepEqual(spec, s.Spec) && len(s.Kept) > 0 {
			t.Fatalf("%s: %v, %v", s, spec, err)
		}
		again, err := busy().Build(disk(16), spec)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := letters(s.Image, 16), letters(again, 16); a != b {
			t.Errorf("%s: %s, built again %s", s, a, b)
		}
	}
}

func TestSectors(t *testing.T) {
	for s := range busy().States(disk(16), 7) {
		copied := crashlog.NewImage(disk(16), sector)
		for n, data := range maps.All(maps.Collect(s.Sectors())) {
			copied.Write(n, data)
		}
		if a, b := letters(s.Image, 16), letters(copied, 16); a != b {
			t.Fatalf("%s: %s, copied %s", s, a, b)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, text := range []string{
		"prefix cut=99",
		"subset cut=4 kept=0",               // was flushed
		"subset cut=4 kept=5",               // comes later
		"subset cut=6 kept=3",               // without the FUA write
		"torn cut=4 torn=3:01",              // two of three sectors
		"torn cut=8 kept=4 torn=3:01111111", // too many
	} {
		spec, err := crashlog.ParseSpec(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := busy().Build(disk(16), spec); !errors.Is(err, crashlog.ErrSpec) {
			t.Errorf("%s: %v", text, err)
		}
	}
	for _, text := range []string{"", "prefix", "subset cut=x", "subset cut=1 kept=1,y", "subset cut=1 who=1", "torn cut=2 torn=x:1"} {
		if _, err := crashlog.ParseSpec(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestReadAtAnyOffset(t *testing.T) {
	image, err := busy().Build(disk(16), crashlog.Spec{Model: crashlog.Prefix, Cut: 3, Torn: -1})
	if err != nil {
		t.Fatal(err)
	}
	all, part := make([]byte, 16*sector), make([]byte, 700)
	if _, err := image.ReadAt(all, 0); err != nil {
		t.Fatal(err)
	}
	for off := 0; off+len(part) < len(all); off += 333 {
		if _, err := image.ReadAt(part, int64(off)); err != nil || !reflect.DeepEqual(part, all[off:off+len(part)]) {
			t.Fatalf("at %d: differs, %v", off, err)
		}
	}
}
