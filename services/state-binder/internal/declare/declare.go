// Package declare reads which paths survive a reboot: small files, one for each
// component of the system.
//
// The files are *.conf in /usr/lib/state-binder.d and /etc/state-binder.d. A file
// in /etc replaces the one in /usr/lib with the same name; an empty one, or a link
// to /dev/null, masks it. The format is that of systemd's unit files, with less in
// it: comments, and sections [Bind] with keys (see [Bind]).
//
// Promised: a section that is wrong is left out and told with file and line, the
// others are used; what is read does not depend on the order in which a directory
// lists its files. Not promised: that a declared path exists.
package declare

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// Directories with declarations; what the second has goes before the first.
const (
	vendorDir = "/usr/lib/state-binder.d"
	ownerDir  = "/etc/state-binder.d"
)

const suffix = ".conf"

// maxSize is more than any sensible file has.
const maxSize = 64 << 10

// A Kind is what a path is.
type Kind string

// The kinds of a path.
const (
	Directory Kind = "directory"
	File      Kind = "file"
)

// A Partition is where the content of a path is kept.
type Partition string

// The partitions that can be named.
const (
	State Partition = "state"
	Data  Partition = "data"
)

// A Bind is one declared path.
type Bind struct {
	Component string    // the file's name without ".conf"
	Path      string    // Path=: absolute and clean, as the device sees it
	Kind      Kind      // Type=: directory (default) or file
	Partition Partition // Partition=: state (default) or data
	Mode      uint32    // Mode=: permissions, with setuid, setgid and sticky bit; 0 = as in the root
	Owner     string    // Owner=: "user" or "user:group", names or numbers; "" = as in the root
	Keep      []string  // Keep=: what stays at a purge, relative to Path; "." is all of it
	Place     string    // file and line, for messages
}

// Contains reports whether other lies below b.
func (b Bind) Contains(other Bind) bool {
	return strings.HasPrefix(other.Path, b.Path+"/")
}

// Load returns the declared paths, each before those that lie in it, and what is
// wrong with the declarations.
func Load(root layout.Root) ([]Bind, []config.Problem) {
	files, problems := list(root)
	var all []Bind
	for _, file := range files {
		text, err := read(root.Path(file))
		if err != nil {
			problems = append(problems, config.Problem{Pointer: file, Reason: err.Error()})
			continue
		}
		binds, wrong := Parse(file, text)
		all, problems = append(all, binds...), append(problems, wrong...)
	}
	slices.SortStableFunc(all, func(a, b Bind) int { return strings.Compare(a.Path, b.Path) })
	return unique(all, problems)
}

// list returns the files to be read, in the order of their names.
func list(root layout.Root) ([]string, []config.Problem) {
	found := map[string]string{}
	var problems []config.Problem
	for _, dir := range []string{vendorDir, ownerDir} {
		entries, err := os.ReadDir(root.Path(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, config.Problem{Pointer: dir, Reason: err.Error()})
		}
		for _, entry := range entries {
			if name := entry.Name(); strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, ".") {
				found[name] = path.Join(dir, name)
			}
		}
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(found)) {
		files = append(files, found[name])
	}
	return files, problems
}

// read returns a file's text; that of a device such as /dev/null is "".
func read(file string) (string, error) {
	if target, err := os.Readlink(file); err == nil && filepath.Clean(target) == os.DevNull {
		return "", nil
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return "", errors.New("it is no regular file")
	case info.Size() > maxSize:
		return "", fmt.Errorf("it is larger than %d bytes", maxSize)
	}
	text, err := os.ReadFile(file)
	return string(text), err
}

// unique leaves out paths that are declared a second time.
func unique(sorted []Bind, problems []config.Problem) ([]Bind, []config.Problem) {
	var binds []Bind
	for _, b := range sorted {
		if n := len(binds); n > 0 && binds[n-1].Path == b.Path {
			problems = append(problems, config.Problem{
				Pointer: b.Place, Reason: fmt.Sprintf("%s is declared in %s already; left out", b.Path, binds[n-1].Place),
			})
			continue
		}
		binds = append(binds, b)
	}
	return binds, problems
}

// component returns the component that a file declares for.
func component(file string) string { return strings.TrimSuffix(path.Base(file), suffix) }
