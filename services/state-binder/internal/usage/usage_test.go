package usage

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	other := filepath.Join(dir, "other")
	for _, err := range []error{
		os.Mkdir(other, 0o755),
		os.WriteFile(filepath.Join(dir, "a"), make([]byte, 1<<20), 0o600),
		os.WriteFile(filepath.Join(other, "b"), make([]byte, 2<<20), 0o600),
		os.Link(filepath.Join(dir, "a"), filepath.Join(dir, "same")),
		os.Symlink("/usr", filepath.Join(dir, "link")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	const slack = 64 << 10 // of directories
	if got := Measure(t.Context(), dir, nil); got < 3<<20 || got > 3<<20+slack {
		t.Errorf("all of it takes %d bytes", got)
	}
	if got := Measure(t.Context(), dir, []string{other}); got < 1<<20 || got > 1<<20+slack {
		t.Errorf("without the other it takes %d bytes", got)
	}
	if got := Measure(t.Context(), filepath.Join(dir, "absent"), nil); got != 0 {
		t.Errorf("nothing takes %d bytes", got)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got := Measure(cancelled, dir, nil); got != 0 {
		t.Errorf("cancelled, it takes %d bytes", got)
	}
}

func TestRoom(t *testing.T) {
	room, err := Of(t.TempDir())
	if err != nil || room.Size < room.Used || room.Size == 0 {
		t.Errorf("%+v, %v", room, err)
	}
	if _, err := Of("/nonexistent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	for _, test := range []struct {
		room Room
		want bool
	}{
		{Room{}, false},
		{Room{Size: 100, Used: 95}, false},
		{Room{Size: 100, Used: 96}, true},
		{Room{Size: 100, Used: 100}, true},
		{Room{Size: 100, Files: 100, FilesUsed: 96}, true},
		{Room{Size: 100, Files: 100, FilesUsed: 9}, false},
	} {
		if got := test.room.NearlyFull(); got != test.want {
			t.Errorf("%+v: %v", test.room, got)
		}
	}
}

func TestDescribe(t *testing.T) {
	parts := []Part{{"small", "state", 1 << 10}, {"large", "state", 12 << 20}, {"elsewhere", "data", 1 << 30}, {"none", "state", 0}}
	got := Describe(Room{Size: 18 << 20, Used: 17 << 20, Files: 10, FilesUsed: 3}, "state", parts)
	if want := "nearly full: 17 MiB of 18 MiB and 3 of 10 files; large 12 MiB, small 1 KiB"; got != want || strings.Contains(got, "elsewhere") {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
