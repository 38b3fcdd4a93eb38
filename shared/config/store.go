package config

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
)

// Source says where the greater part of a Snapshot comes from.
type Source string

// The sources of a configuration.
const (
	// FromFile means config.json, but for the keys that are in Problems.
	FromFile Source = "file"
	// FromLastGood means the last configuration that could be read.
	FromLastGood Source = "last-good"
	// FromDefaults means that there never was a configuration that could be read.
	FromDefaults Source = "default"
)

// A Snapshot is the configuration in force at one moment, and what is wrong with the file.
type Snapshot struct {
	Config   Config
	Problems []Problem // in the order of the table of keys, faults of the copy last
	Source   Source
}

// A Store reads, watches and edits one configuration file. Its methods may be
// called from several goroutines.
type Store struct {
	file, lastGood string
	log            *slog.Logger

	mu     sync.Mutex
	kept   *kept             // what lastGood holds; nil until it was read
	loaded [sha256.Size]byte // what the last Load found; zero if there was none
}

// NewStore returns a Store for file. lastGood is where the copy of the last
// good configuration is kept, one per program, on a file system with atomic
// renames; "" keeps it in memory only. Nothing is read yet.
func NewStore(file, lastGood string, log *slog.Logger) *Store {
	return &Store{file: file, lastGood: lastGood, log: log}
}

// Load reads the file and returns the configuration in force. It never fails:
// what cannot be read is in Problems, and its last good value is used. A good
// file becomes the last good one, which is written only if it differs.
func (s *Store) Load() Snapshot {
	found := readState(s.file)
	s.mu.Lock()
	s.loaded = found.sum()
	s.mu.Unlock()
	return s.settle(found.data, found.fault)
}

// baseline returns what a watcher need not report.
func (s *Store) baseline() [sha256.Size]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.loaded
}

// settle turns what was read from the file into the configuration in force.
func (s *Store) settle(data []byte, fault error) Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.recall()
	var root span
	if fault == nil {
		root, fault = parse(data)
	}
	if fault != nil {
		return s.fallBack(last, fault)
	}
	config, inForce, problems := evaluate(data, root, last.values)
	problems = append(problems, last.problems()...)
	if err := s.keep(inForce); err != nil {
		problems = append(problems, Problem{"", fmt.Sprintf("the last good configuration cannot be kept: %s; it is lost at the next start", err)})
	}
	return Snapshot{config, problems, FromFile}
}

// fallBack returns the last good configuration as a whole.
func (s *Store) fallBack(last *kept, fault error) Snapshot {
	name := filepath.Base(s.file)
	if last.values == nil {
		problems := []Problem{{"", fmt.Sprintf("cannot read %s: %s; the defaults are used", name, fault)}}
		return Snapshot{Defaults(), append(problems, last.problems()...), FromDefaults}
	}
	text := last.values.document()
	root, _ := parse(text)
	config, _, _ := evaluate(text, root, nil)
	reason := fmt.Sprintf("cannot read %s: %s; the last good configuration is used", name, fault)
	return Snapshot{config, []Problem{{"", reason}}, FromLastGood}
}
