package early

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"resinos.io/services/state-binder/internal/place"
	"resinos.io/shared/atomicfile"
)

// ours is where our own services keep what they write.
const ours = "/var/lib/resinos"

// removeLeftovers removes what power cuts and kills have left of files that our
// services were writing: at the top of the partition and below [ours]. Nobody writes
// there yet.
func removeLeftovers(dir place.Dir) error {
	top, err := os.ReadDir(string(dir))
	errs := []error{err}
	for _, entry := range top {
		errs = append(errs, removeLeftover(filepath.Join(string(dir), entry.Name()), entry))
	}
	errs = append(errs, filepath.WalkDir(dir.Source(ours), func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing was kept there so far
		}
		if err != nil {
			return err
		}
		return removeLeftover(path, entry)
	}))
	return errors.Join(errs...)
}

func removeLeftover(path string, entry fs.DirEntry) error {
	if !entry.Type().IsRegular() || !atomicfile.Leftover(entry.Name()) {
		return nil
	}
	return os.Remove(path)
}
