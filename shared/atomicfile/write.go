package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
)

// Write puts data at path with exactly the permissions perm, by way of a
// temporary file in the same directory, which is removed if anything fails; a
// power cut may leave it behind, see [Leftover]. It may be called from
// several goroutines; the last one wins. It is not safe on FAT: see Replace.
func Write(path string, data []byte, perm fs.FileMode) error {
	return write(disk{}, path, data, perm)
}

func write(o ops, path string, data []byte, perm fs.FileMode) error {
	dir, base := filepath.Split(path)
	tmp := fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32())
	f, err := o.open(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return cannotWrite(path, err)
	}
	if err := errors.Join(fill(f, data, perm), f.Close()); err != nil {
		return cannotWrite(path, errors.Join(err, o.remove(tmp)))
	}
	if err := o.rename(tmp, path); err != nil {
		return cannotWrite(path, errors.Join(err, o.remove(tmp)))
	}
	if err := syncPath(o, path, file.Sync); err != nil {
		return cannotWrite(path, err)
	}
	if err := syncPath(o, filepath.Dir(path), file.Sync); err != nil {
		return cannotWrite(path, err)
	}
	return nil
}

// leftover is the name of a temporary file of [Write].
var leftover = regexp.MustCompile(`^\..+\.[0-9a-f]{8}\.tmp$`)

// Leftover reports whether name, without its directory, is that of a temporary file
// of [Write]: one that is found when nobody writes was left by a power cut or a kill,
// and nothing needs it.
func Leftover(name string) bool { return leftover.MatchString(name) }

// fill writes data durably to a new file.
func fill(f file, data []byte, perm fs.FileMode) error {
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil { // open obeyed the umask
		return err
	}
	return f.Sync()
}

// syncPath opens path and makes it durable in the given ways.
func syncPath(o ops, path string, ways ...func(file) error) error {
	f, err := o.open(path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	for _, way := range ways {
		if err := way(f); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return f.Close()
}

func cannotWrite(path string, err error) error {
	return fmt.Errorf("cannot write %s: %w", path, err)
}
