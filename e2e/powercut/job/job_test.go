package job

import (
	"bytes"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/config"
)

func TestNote(t *testing.T) {
	want := Note{Event: End, N: 7, Outcome: "done", Err: "no space"}
	sector, err := want.Sector()
	if err != nil || len(sector) != sectorSize {
		t.Fatalf("%d bytes, %v", len(sector), err)
	}
	if got, err := ParseNote(sector); got != want || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := (Note{Err: strings.Repeat("x", 9999)}).Sector(); err != nil {
		t.Error(err)
	}
	if _, err := ParseNote(make([]byte, sectorSize)); err == nil {
		t.Error("zeros are no note")
	}
}

func TestPatch(t *testing.T) {
	want := map[int64][]byte{512: bytes.Repeat([]byte{1}, 512), 5120: bytes.Repeat([]byte{2}, 512)}
	var patch bytes.Buffer
	err := WritePatch(&patch, func(yield func(uint64, []byte) bool) {
		_ = yield(1, want[512]) && yield(10, want[5120])
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := maps.Collect(Patch(patch.Bytes())); !maps.EqualFunc(got, want, bytes.Equal) {
		t.Errorf("%v", got)
	}
}

// TestText: what the editor makes of one generation is the next as written by
// hand, byte for byte.
func TestText(t *testing.T) {
	file := filepath.Join(t.TempDir(), Config)
	if err := os.WriteFile(file, []byte(Text(0, 10)), 0o600); err != nil {
		t.Fatal(err)
	}
	for g, size := range []int{0, 1, 5000, 70000, 3} {
		err := config.NewStore(file, "", slog.New(slog.DiscardHandler)).Edit(t.Context(), func(d *config.Document) error {
			if err := d.Set(Generation, g); err != nil {
				return err
			}
			return d.Set(Payload, Filling(g, size))
		})
		if now, _ := os.ReadFile(file); err != nil || string(now) != Text(g, size) {
			t.Fatalf("generation %d: %v\n%.200s", g, err, now)
		}
	}
}
