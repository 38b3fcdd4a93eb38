package fat

import (
	"errors"
	"fmt"
	"strings"
)

// errTooLarge is for sizes that no file of a test has.
var errTooLarge = errors.New("larger than this package reads")

// Root returns the root directory.
func (fs *FS) Root() Entry {
	return Entry{Dir: true, root: true, start: fs.rootCluster}
}

// ReadDir returns what is in a directory, without "." and "..".
func (fs *FS) ReadDir(dir Entry) ([]Entry, error) {
	content, err := fs.directory(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot read the directory %q: %w", dir.Name, err)
	}
	p := parser{wide: fs.wide}
	var all []Entry
	for _, e := range p.parse(content) {
		if e.Short != "." && e.Short != ".." {
			all = append(all, e)
		}
	}
	return all, nil
}

func (fs *FS) directory(dir Entry) ([]byte, error) {
	if dir.root && !fs.wide {
		content := make([]byte, fs.rootSize)
		if _, err := fs.r.ReadAt(content, fs.rootAt); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrIO, err)
		}
		return content, nil
	}
	clusters, err := fs.chain(dir.start)
	switch {
	case err != nil:
		return nil, err
	case int64(len(clusters))*fs.clusterSize > mostDirectory:
		return nil, fmt.Errorf("%w: directory of %d clusters", ErrIO, len(clusters))
	}
	return fs.data(clusters)
}

// Files calls each for every file, with its path from the root directory. It fails if a
// directory cannot be listed.
func (fs *FS) Files(each func(path string, e Entry)) error {
	return fs.files("", fs.Root(), each)
}

func (fs *FS) files(path string, dir Entry, each func(path string, e Entry)) error {
	all, err := fs.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range all {
		name := path + e.Name
		if !e.Dir {
			each(name, e)
			continue
		}
		if err := fs.files(name+"/", e, each); err != nil {
			return err
		}
	}
	return nil
}

// Find returns the file or directory at path, with "/" between the names and
// without regard to case.
func (fs *FS) Find(path string) (Entry, error) {
	at := fs.Root()
	for name := range strings.SplitSeq(path, "/") {
		all, err := fs.ReadDir(at)
		if err != nil {
			return Entry{}, err
		}
		found := false
		for _, e := range all {
			if strings.EqualFold(e.Name, name) || strings.EqualFold(e.Short, name) {
				at, found = e, true
				break
			}
		}
		if !found {
			return Entry{}, fmt.Errorf("cannot find %s: %w", path, ErrNotExist)
		}
	}
	return at, nil
}

// ReadFile returns the content of a file whose chain of clusters is whole and
// as long as its size says; otherwise ErrIO.
func (fs *FS) ReadFile(e Entry) ([]byte, error) {
	if err := fs.readable(e); err != nil {
		return nil, err
	}
	clusters, err := fs.fileChain(e)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", e.Name, err)
	}
	return fs.content(e, clusters)
}

// fileChain returns all clusters of a file. An empty file has none.
func (fs *FS) fileChain(e Entry) ([]uint32, error) {
	var clusters []uint32
	if e.start != 0 {
		var err error
		if clusters, err = fs.chain(e.start); err != nil {
			return clusters, err
		}
	}
	if want := fs.clustersFor(e.Size); int64(len(clusters)) != want {
		return clusters, fmt.Errorf("%w: %d clusters for %d bytes, not %d", ErrIO, len(clusters), e.Size, want)
	}
	return clusters, nil
}

// ReadLikeLinux returns what a program on Linux reads, and ErrIO where it gets EIO.
func (fs *FS) ReadLikeLinux(e Entry) ([]byte, error) {
	if err := fs.readable(e); err != nil {
		return nil, err
	}
	if e.start == 0 { // fat_bmap maps nothing: a hole
		return make([]byte, e.Size), nil
	}
	clusters, err := fs.need(e.start, fs.clustersFor(e.Size))
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", e.Name, err)
	}
	return fs.content(e, clusters)
}

func (fs *FS) readable(e Entry) error {
	switch {
	case e.Dir:
		return fmt.Errorf("cannot read %s: it is a directory", e.Name)
	case e.Size > mostFileInTest:
		return fmt.Errorf("cannot read %s: %d bytes: %w: %w", e.Name, e.Size, errTooLarge, ErrIO)
	}
	return nil
}

func (fs *FS) content(e Entry, clusters []uint32) ([]byte, error) {
	content, err := fs.data(clusters)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", e.Name, err)
	}
	return content[:e.Size], nil
}

func (fs *FS) clustersFor(size int64) int64 {
	return (size + fs.clusterSize - 1) / fs.clusterSize
}

// At returns where in the file system the content of a file that is not empty
// begins, in bytes.
func (fs *FS) At(e Entry) int64 {
	return fs.dataAt + int64(e.start-firstCluster)*fs.clusterSize
}
