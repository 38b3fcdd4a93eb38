// Package seeds carries the owner's connection files from the boot partition to
// the folder that NetworkManager reads, and remembers which it carried.
//
// The order of things: [Store.Scan] reads both folders and the ledger and returns a
// [Plan], which has changed nothing yet; [Store.Begin] writes down how to go back;
// [Store.Carry] writes and removes files; then either [Store.Keep] or [Store.Undo].
//
// Promised: a file in NetworkManager's folder is whole, and readable by root alone
// from its first instant. A file that cannot be a connection changes nothing. Files
// that this package did not write are never changed or removed, nor those that were
// changed since it wrote them, unless the file on the boot partition changes after
// that. A folder system-connections/ that is missing as a whole, as with a boot
// partition that is not there, removes nothing. A power cut between Begin and Keep is undone
// by whoever finds what Begin wrote ([Store.Interrupted]).
//
// Not promised: that NetworkManager takes a file; the caller asks it.
package seeds

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resinos.io/services/netseed/internal/keyfile"
	"resinos.io/shared/layout"
)

// The states of a seed, as Network1.Seeds has them.
const (
	Applied  = "applied"
	Invalid  = "invalid"
	Diverged = "diverged"
)

// A Seed is one file on the boot partition.
type Seed struct {
	File   string
	UUID   string
	State  string
	Reason string // why it is invalid
}

// A Change is one file to be written or removed in NetworkManager's folder.
type Change struct {
	File       string             // on the boot partition
	Target     string             // in NetworkManager's folder
	Content    []byte             // nil: remove
	Connection keyfile.Connection // zero when it is removed
	boot       string             // hash of the file on the boot partition
}

// A Plan is what is to be done.
type Plan struct {
	Changes  []Change
	Rejected []Seed // rejected by this scan, and not before
	// Connections are those of all seeds that are in place or to come, by uuid.
	Connections map[string]keyfile.Connection
}

// A Store is the two folders and the ledger. It is used by one goroutine.
type Store struct {
	boot, target string
	ledger, undo string
	known        *ledger  // as it is on disk; nil before it was read
	trying       []Change // between Begin and Keep or Undo
}

// Folders of NetworkManager and of the owner, as the device sees them.
const (
	bootFolder   = "system-connections"
	TargetFolder = "/etc/NetworkManager/system-connections"
)

// New returns the store of the device below root, whose ledger is in the folder state.
func New(root layout.Root, state string) *Store {
	return &Store{
		boot: filepath.Join(root.Boot(), bootFolder), target: root.Path(TargetFolder),
		ledger: filepath.Join(state, "seeds.json"), undo: filepath.Join(state, "undo.json"),
	}
}

// Folders returns the folders in which a change is of interest.
func (s *Store) Folders() []string { return []string{s.boot, s.target} }

// Seeds returns the files on the boot partition as of the last Scan, Keep or Undo;
// those on trial as if they were kept.
func (s *Store) Seeds() []Seed {
	var seeds []Seed
	entries := make(map[string]entry)
	for _, name := range s.known.names() {
		entries[name] = s.known.Seeds[name]
	}
	for _, change := range s.trying {
		entries[change.File] = entry{UUID: change.Connection.UUID, Target: change.Target, Installed: hash(change.Content)}
		if change.Content == nil {
			delete(entries, change.File)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := entries[name]
		seed := Seed{File: shown(name), UUID: e.UUID, State: Applied, Reason: e.Rejected}
		switch {
		case e.Rejected != "":
			seed.State = Invalid
		case s.hashOf(e.Target) != e.Installed:
			seed.State = Diverged
		}
		seeds = append(seeds, seed)
	}
	return seeds
}

// shown is a name as it can go over the bus and into the journal.
func shown(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
}

// ignored reports whether a name on the boot partition is nobody's connection: what
// editors, file managers and PCs leave there, and what the owner switched off.
func ignored(name string) bool {
	lower := strings.ToLower(name)
	for _, suffix := range []string{".ignore", "~", ".swp", ".swo", ".swx", ".tmp", ".bak", ".orig", ".old", ".part", ".crdownload", ".md"} {
		if strings.HasSuffix(lower, suffix) {
			return true
		}
	}
	for _, prefix := range []string{".", "~", "#", "fsck0", "readme"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return lower == "thumbs.db" || lower == "desktop.ini" || lower == "4913"
}

// read reads a regular file, no more than a connection file may have and one byte.
func read(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errNotRegular}
	}
	if info.Size() > keyfile.MaxSize {
		return make([]byte, keyfile.MaxSize+1), nil // refused for its size by the parser
	}
	return os.ReadFile(path)
}

var errNotRegular = errors.New("it is not a regular file")
