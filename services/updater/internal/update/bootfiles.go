package update

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/updatework"
)

// finishBootFiles finishes what a power cut interrupted when the worker added files
// to the boot partition. A list that is no use is given up.
func (u *Updater) finishBootFiles() error {
	list := filepath.Join(u.Book.Dir, updatework.PendingBootFiles)
	data, err := os.ReadFile(list)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot finish adding boot files: %w", err)
	}
	var paths []string
	err = json.Unmarshal(data, &paths)
	for _, path := range paths {
		if !filepath.IsLocal(path) {
			err = errors.Join(err, fmt.Errorf("%q is no path on the boot partition", path))
			continue
		}
		err = errors.Join(err, atomicfile.Finish(filepath.Join(u.Places.Boot, path)))
	}
	if err := errors.Join(err, atomicfile.Remove(list)); err != nil {
		return fmt.Errorf("cannot finish adding boot files: %w", err)
	}
	return nil
}
