package purge

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"resinos.io/services/state-binder/internal/place"
)

// TestMakeRoom: of five files as many are deleted as it takes.
func TestMakeRoom(t *testing.T) {
	broken := errors.New("no such device")
	for name, c := range map[string]struct {
		free func(deleted int) (uint64, error)
		left int
		err  error
	}{
		"there is room":     {func(int) (uint64, error) { return room, nil }, 5, nil},
		"two files are it":  {func(deleted int) (uint64, error) { return uint64(deleted) * room / 2, nil }, 3, nil},
		"all is not enough": {func(int) (uint64, error) { return 0, nil }, 0, nil},
		"nobody knows":      {func(int) (uint64, error) { return 0, broken }, 5, broken},
	} {
		t.Run(name, func(t *testing.T) {
			dir := place.Dir(t.TempDir())
			for n := range 5 {
				file := filepath.Join(dir.Trash(), "0-root-overlay", fmt.Sprint(n))
				if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			left := func() int {
				files, err := filepath.Glob(filepath.Join(dir.Trash(), "0-root-overlay", "*"))
				if err != nil {
					t.Fatal(err)
				}
				return len(files)
			}
			err := makeRoom(t.Context(), dir, func() (uint64, error) { return c.free(5 - left()) })
			if !errors.Is(err, c.err) || left() != c.left {
				t.Errorf("%d files are left, want %d: %v", left(), c.left, err)
			}
		})
	}
}
