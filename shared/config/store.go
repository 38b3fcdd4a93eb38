package config

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"

	"resinos.io/shared/atomicfile"
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

// kept is the last good configuration.
type kept struct {
	values values // nil = there never was one
	text   []byte // as it is on disk
	fault  error  // why the copy on disk cannot be used
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

// problems says that the copy on disk was damaged.
func (k *kept) problems() []Problem {
	if k.fault == nil {
		return nil
	}
	return []Problem{{"", fmt.Sprintf("the last good copy could not be read: %s; it is not used", k.fault)}}
}

// recall reads the last good configuration once.
func (s *Store) recall() *kept {
	if s.kept != nil {
		return s.kept
	}
	s.kept = &kept{}
	if s.lastGood == "" {
		return s.kept
	}
	data, err := readFile(s.lastGood)
	if errors.Is(err, fs.ErrNotExist) {
		return s.kept
	}
	var root span
	if err == nil {
		root, err = parse(data)
	}
	if err != nil {
		s.kept.fault = err
		return s.kept
	}
	_, s.kept.values, _ = evaluate(data, root, nil)
	s.kept.text = data
	return s.kept
}

// keep makes inForce the last good configuration.
func (s *Store) keep(inForce values) error {
	text := inForce.document()
	s.kept.values = inForce
	if s.lastGood == "" || bytes.Equal(text, s.kept.text) {
		return nil
	}
	if err := atomicfile.Write(s.lastGood, text, 0o600); err != nil {
		return err
	}
	s.kept.text, s.kept.fault = text, nil
	return nil
}

// document returns the values as a configuration file of their own.
func (v values) document() []byte {
	d := newDocument()
	for i, k := range keys() {
		if v[i] != nil {
			// The pointers are ours and the values were read from a file.
			_ = d.splice(k.pointer, v[i])
		}
	}
	return d.data
}
