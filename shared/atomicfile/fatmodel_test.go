package atomicfile

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// fat is a model of Linux vfat in memory, with what makes it dangerous: a
// rename over a file frees the old file's clusters, and the directory entry
// goes on pointing to them until the moved inode is written back. Whatever is
// not synced may reach the disk or not, each effect for itself.
type fat struct {
	now     image    // what programs see
	durable image    // what is on the disk for certain
	pending []effect // what may be on the disk, in order
	freed   freedAs
	after   func() // called after each operation, if not nil
}

// An image is the content of a disk. The value of an entry is a node.
type image struct {
	entries map[string]int
	content map[int]string
	freed   map[int]bool // nodes whose clusters are free
	next    int
}

// freedAs is what reading a file finds whose clusters are free.
type freedAs int

const (
	readsError   freedAs = iota // as the kernel has it
	readsNothing                // after fsck truncated it
	readsGarbage                // after the clusters were used by another file
	freedKinds
)

// An effect is one change on its way to the disk. variants has one function for
// each way in which it can get there.
type effect struct {
	node     int // fsync of this node makes it durable; 0 = fsync of the directory
	variants []func(*image)
}

func newFAT(files map[string]string) *fat {
	im := image{map[string]int{}, map[int]string{}, map[int]bool{}, 1}
	for name, text := range files {
		im.entries[name], im.content[im.next] = im.next, text
		im.next++
	}
	return &fat{now: im.clone(), durable: im}
}

func (im image) clone() image {
	return image{maps.Clone(im.entries), maps.Clone(im.content), maps.Clone(im.freed), im.next}
}

func (m *fat) step() {
	if m.after != nil {
		m.after()
	}
}

// later applies change to what programs see, and to the disk some time.
func (m *fat) later(node int, change func(*image), partly ...func(*image)) {
	change(&m.now)
	m.pending = append(m.pending, effect{node, append([]func(*image){change}, partly...)})
}

// flush makes durable what match says.
func (m *fat) flush(match func(effect) bool) {
	for _, e := range m.pending {
		if match(e) {
			e.variants[0](&m.durable)
		}
	}
	m.pending = slices.DeleteFunc(slices.Clone(m.pending), match)
}

func (m *fat) open(path string, flag int, _ fs.FileMode) (file, error) {
	defer m.step()
	name := filepath.Base(path)
	if name == "dir" {
		return &fatFile{fat: m, name: name}, nil
	}
	node, exists := m.now.entries[name]
	switch {
	case exists && flag&os.O_EXCL != 0:
		return nil, syscall.EEXIST
	case !exists && flag&os.O_CREATE == 0:
		return nil, syscall.ENOENT
	case !exists:
		node = m.now.next
		m.now.next++
		m.later(0, func(im *image) { im.entries[name] = node })
	case flag&os.O_TRUNC != 0:
		m.later(node, func(im *image) { im.content[node] = "" })
	}
	return &fatFile{fat: m, name: name, node: node}, nil
}

func (m *fat) rename(from, to string) error {
	defer m.step()
	from, to = filepath.Base(from), filepath.Base(to)
	node, ok := m.now.entries[from]
	if !ok {
		return syscall.ENOENT
	}
	if old, exists := m.now.entries[to]; exists {
		m.later(0, func(im *image) { im.freed[old] = true })
	} else {
		empty := m.now.next // the new entry points nowhere at first
		m.now.next++
		m.later(0, func(im *image) { im.entries[to] = empty })
	}
	m.later(node, func(im *image) { im.entries[to] = node })
	m.later(0, func(im *image) { delete(im.entries, from) })
	return nil
}

func (m *fat) remove(path string) error {
	defer m.step()
	name := filepath.Base(path)
	node, ok := m.now.entries[name]
	if !ok {
		return syscall.ENOENT
	}
	m.later(0, func(im *image) { delete(im.entries, name) })
	m.later(0, func(im *image) { im.freed[node] = true })
	return nil
}

func (m *fat) space(string) (free, size int64, err error) { return 1 << 20, 512, nil }

// reboot returns the disk after a power cut, as fsck leaves it: of two entries
// that share clusters the one that it finds second is truncated. choice picks
// what happened to each pending effect.
func (m *fat) reboot(choice func(ways int) int) *fat {
	im := m.durable.clone()
	im.next = m.now.next
	for _, e := range m.pending {
		if way := choice(len(e.variants) + 1); way > 0 {
			e.variants[way-1](&im)
		}
	}
	owner := map[int]string{}
	entries := slices.Sorted(maps.Keys(im.entries))
	if choice(2) == 1 {
		slices.Reverse(entries)
	}
	for _, name := range entries {
		node := im.entries[name]
		if _, shared := owner[node]; shared {
			im.entries[name], im.content[im.next] = im.next, ""
			im.next++
		}
		owner[node] = name
	}
	return &fat{now: im.clone(), durable: im, freed: freedAs(choice(int(freedKinds)))}
}

type fatFile struct {
	*fat
	name   string
	node   int
	offset int
}

func (f *fatFile) Write(p []byte) (int, error) {
	defer f.step()
	text := f.now.content[f.node] + string(p)
	f.later(f.node,
		func(im *image) { im.content[f.node] = text },
		func(im *image) { im.content[f.node] = string(bytes.Repeat([]byte{0xa5}, len(text))) }, // length without data
		func(im *image) { im.content[f.node] = text[:len(text)/2] })
	return len(p), nil
}

func (f *fatFile) WriteAt(p []byte, at int64) (int, error) {
	defer f.step()
	text := []byte(f.now.content[f.node])
	copy(text[at:], p)
	f.later(f.node, func(im *image) { im.content[f.node] = string(text) })
	return len(p), nil
}

func (f *fatFile) text() (string, error) {
	if !f.now.freed[f.node] {
		return f.now.content[f.node], nil
	}
	switch f.freed {
	case readsNothing:
		return "", nil
	case readsGarbage:
		return "\xa5garbage", nil
	}
	return "", syscall.EIO
}

func (f *fatFile) Read(p []byte) (int, error) {
	text, err := f.text()
	if err != nil {
		return 0, err
	}
	if f.offset == len(text) {
		return 0, io.EOF
	}
	n := copy(p, text[f.offset:])
	f.offset += n
	return n, nil
}

func (f *fatFile) Sync() error {
	defer f.step()
	f.flush(func(e effect) bool { return e.node == f.node })
	return nil
}

func (f *fatFile) SyncFS() error {
	defer f.step()
	f.flush(func(effect) bool { return true })
	return nil
}

func (f *fatFile) Close() error               { return nil }
func (f *fatFile) Chmod(fs.FileMode) error    { return nil }
func (f *fatFile) Stat() (fs.FileInfo, error) { return fatInfo{f.name}, nil }

type fatInfo struct{ name string }

func (i fatInfo) Name() string     { return i.name }
func (fatInfo) Size() int64        { return 0 }
func (fatInfo) Mode() fs.FileMode  { return 0o600 }
func (fatInfo) ModTime() time.Time { return time.Time{} }
func (fatInfo) IsDir() bool        { return false }
func (fatInfo) Sys() any           { return nil }
