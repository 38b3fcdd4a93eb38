//go:build powercut

package update

import (
	"crypto/sha256"
	"fmt"
	"io"

	"resinos.io/e2e/fat"
)

// A view is what a disk holds.
type view struct {
	files  map[string]string // of the boot partition, by path; unreadable for one that cannot be read
	report fat.Report
	holds  [2][sha256.Size]byte // of each slot
}

const unreadable = "(an input/output error)"

// look reads a disk. It fails if Linux could not mount the boot partition or list
// a directory of it.
func look(r io.ReaderAt) (*view, error) {
	v := &view{files: map[string]string{}}
	fs, err := fat.Open(io.NewSectionReader(r, bootAt, bootSize*mib))
	if err != nil {
		return nil, err
	}
	err = fs.Files(func(path string, e fat.Entry) {
		data, err := fs.ReadFile(e)
		v.files[path] = string(data)
		if err != nil {
			v.files[path] = unreadable
		}
	})
	if err != nil {
		return nil, err
	}
	if v.report, err = fs.Check(); err != nil {
		return nil, err
	}
	for i, at := range []int64{slotAAt, slotBAt} {
		data := make([]byte, slotSize*mib)
		if _, err := r.ReadAt(data, at); err != nil {
			return nil, err
		}
		v.holds[i] = sha256.Sum256(data)
	}
	return v, nil
}

// file returns a file as the boot loader reads it, nil if it cannot.
func (v *view) file(name string) []byte {
	data, there := v.files[name]
	if !there || data == unreadable {
		return nil
	}
	return []byte(data)
}

// key is the same for states that are the same for the boot loader.
func (v *view) key() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %q %x", v.files[envFile], v.files[goodFile], v.holds)
	return string(h.Sum(nil))
}
