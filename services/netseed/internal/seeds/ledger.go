package seeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"resinos.io/shared/atomicfile"
)

// A ledger says which files were carried.
type ledger struct {
	Seeds map[string]entry `json:"seeds"` // by name on the boot partition
}

// An entry is one file. Hashes are SHA-256 in hexadecimal; "" is no file.
type entry struct {
	Boot      string `json:"boot"`               // the content on the boot partition that was looked at last
	UUID      string `json:"uuid,omitempty"`     // the connection's
	Target    string `json:"target,omitempty"`   // name in NetworkManager's folder, "" if it never came there
	Installed string `json:"installed"`          // the content that was written there
	Rejected  string `json:"rejected,omitempty"` // why Boot was not taken
}

func (l *ledger) names() []string {
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.Seeds))
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// hashOf returns the hash of a file in NetworkManager's folder, "" if there is none
// that can be read.
func (s *Store) hashOf(target string) string {
	data, err := read(filepath.Join(s.target, target))
	if err != nil {
		return ""
	}
	return hash(data)
}

// load returns a copy of the ledger. One that is damaged is an empty one: then the
// files that are in place already are found again by their content.
func (s *Store) load() (*ledger, error) {
	if s.known == nil {
		l := &ledger{}
		data, err := os.ReadFile(s.ledger)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("cannot read which connection files were carried: %w", err)
		default:
			if json.Unmarshal(data, l) != nil {
				l = &ledger{}
			}
		}
		s.known = l
	}
	return &ledger{Seeds: maps.Clone(s.known.Seeds)}, nil
}

// store makes l the ledger, and writes it if it is another one than before.
func (s *Store) store(l *ledger) error {
	before, err := json.MarshalIndent(s.known, "", "\t")
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(l, "", "\t")
	if err != nil {
		return err
	}
	s.known = l
	if bytes.Equal(before, text) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(s.ledger), 0o700); err != nil {
		return fmt.Errorf("cannot remember which connection files were carried: %w", err)
	}
	if err := atomicfile.Write(s.ledger, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("cannot remember which connection files were carried: %w", err)
	}
	return nil
}
