//go:build powercut || vm

package powercut

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resinos.io/e2e/fat"
	"resinos.io/e2e/powercut/job"
)

// A view is what a program on Linux sees of a disk.
type view struct {
	near   map[string]file // config.json and its neighbours in the root directory
	others map[string]file // all other files, by path
	report fat.Report
}

// A file is what reading it gives.
type file struct {
	data string
	eio  bool
}

// look reads a disk. It fails if Linux could not mount it or list a directory.
func look(r io.ReaderAt) (*view, error) {
	fs, err := fat.Open(r)
	if err != nil {
		return nil, err
	}
	v := &view{near: map[string]file{}, others: map[string]file{}}
	if err := fs.Files(func(path string, e fat.Entry) { v.add(fs, path, e) }); err != nil {
		return nil, err
	}
	v.report, err = fs.Check()
	return v, err
}

// add adds a file.
func (v *view) add(fs *fat.FS, path string, e fat.Entry) {
	if path == job.Filler {
		return
	}
	data, err := fs.ReadLikeLinux(e)
	files := v.others
	if !strings.Contains(path, "/") && strings.HasPrefix(strings.ToLower(path), "config.") {
		files = v.near
	}
	files[path] = file{string(data), err != nil}
}

// key is the same for views that a recovery cannot tell apart.
func (v *view) key() [sha256.Size]byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(v.near)) {
		f := v.near[name]
		fmt.Fprintf(h, "%q %v %d\n%s", name, f.eio, len(f.data), f.data)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// write makes the files of a view in dir. eio says how a file that cannot be
// read is made.
func (v *view) write(dir string, eio func(path string) error) error {
	for name, f := range v.near {
		path := filepath.Join(dir, name)
		if f.eio {
			if err := eio(path); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, []byte(f.data), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// differs returns what is different in files that no edit has to touch.
func (v *view) differs(base *view) string {
	for name, was := range base.others {
		if is, ok := v.others[name]; !ok || is != was {
			return fmt.Sprintf("%s was changed: there %v, unreadable %v", name, ok, is.eio)
		}
	}
	for name := range v.others {
		if _, ok := base.others[name]; !ok {
			return fmt.Sprintf("%q has appeared", name)
		}
	}
	return ""
}
