package repository

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestVerifyFindsTampering damages each file that a release is made of in several
// ways, one at a time.
func TestVerifyFindsTampering(t *testing.T) {
	s := newSite(t)
	s.add("1.1.0", 1)
	s.add("1.2.0", 2)
	view, err := s.sign.View(t.Context())
	s.must(err)
	needed, err := s.needed(view, time.Now().Add(time.Hour)) // what is published now, nothing else
	s.must(err)
	kinds := map[string]int{}
	for name := range needed {
		path := filepath.Join(s.Dir(), name)
		data, err := os.ReadFile(path)
		s.must(err)
		for how, changed := range map[string][]byte{
			"empty": {}, "cut": data[:len(data)-1], "longer": append(bytes.Clone(data), '\n'),
			"a bit": flipped(data, len(data)/2), "the first bit": flipped(data, 0),
		} {
			s.must(os.WriteFile(path, changed, 0o600))
			if _, err := s.verify(); err == nil && !harmless(name, how) {
				t.Errorf("%s, %s: not found", name, how)
			}
		}
		s.must(os.Remove(path))
		if _, err := s.verify(); err == nil {
			t.Errorf("%s, gone: not found", name)
		}
		s.must(os.WriteFile(path, data, 0o600))
		kinds[strings.Split(name, "/")[0]]++
		if strings.Contains(name, ".from-") {
			kinds["deltas"]++
		}
	}
	if _, err := s.verify(); err != nil {
		t.Errorf("all as it was: %v", err)
	}
	if kinds["metadata"] != 3 || kinds["targets"] != 5 || kinds["boot"] != 3 || kinds["chunks"] < 20 || kinds["deltas"] == 0 {
		t.Errorf("tried %v", kinds)
	}
}

// harmless: white space after the JSON of a timestamp is not signed, and changes nothing.
func harmless(name, how string) bool { return name == "metadata/timestamp.json" && how == "longer" }

func flipped(data []byte, at int) []byte {
	changed := bytes.Clone(data)
	changed[at] ^= 1
	return changed
}
