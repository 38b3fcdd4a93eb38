package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
)

// Remove removes the file at path; when it returns nil that is durable. It is no
// error if there is none. It is safe on FAT too: the file is emptied first, so
// that after a power cut a name that came back has no clusters that are free.
func Remove(path string) error {
	t := target{disk{}, path}
	there, err := t.exists(path)
	if err == nil && there {
		err = t.removeDurably()
	}
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", path, err)
	}
	return nil
}

func (t target) removeDurably() error {
	if err := t.empty(t.path); err != nil {
		return err
	}
	if err := t.remove(t.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return t.syncDir()
}
