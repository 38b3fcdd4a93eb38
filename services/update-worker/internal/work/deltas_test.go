package work

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// withDeltas publishes 1.1.0, whose one delta is of all that is its own to what 1.0.0
// has there, and returns the table and the path of that delta.
func (s *site) withDeltas() (table []byte, path string) {
	s.t.Helper()
	s.publish("1.1.0", nil)
	split := func(version string) *casync.Index {
		index, err := casync.Make(s.t.Context(), bytes.NewReader(content(version)), casync.DefaultSizes(), func(casync.ID, []byte) error { return nil })
		s.must(err)
		return index
	}
	old := map[casync.ID]bool{}
	for _, chunk := range split("1.0.0").Chunks {
		old[chunk.ID] = true
	}
	base := split("1.0.0").Chunks[0]
	for _, chunk := range split("1.1.0").Chunks {
		if old[chunk.ID] {
			continue
		}
		encoder, err := casync.NewDeltaEncoder()
		s.must(err)
		file, err := encoder.Encode(content("1.1.0")[chunk.Start:chunk.End()], content("1.0.0")[base.Start:base.End()])
		s.must(err)
		path = filepath.Join(s.repo.Dir, trust.ChunkStore, casync.DeltaPath(chunk.ID, base.ID))
		s.must(os.WriteFile(path, file, 0o600))
		return casync.DeltaTable([]casync.Delta{{ID: chunk.ID, Base: base.ID, Size: uint32(len(file))}}), path
	}
	s.t.Fatal("nothing is new")
	return nil, ""
}

func (s *site) sign(table []byte) {
	s.t.Helper()
	version, err := release.ParseVersion("1.1.0")
	s.must(err)
	s.must(s.repo.Update(s.t.Context(), map[string][]byte{trust.DeltasName("board", "production", version): table}))
}

// TestDelta takes the chunk itself away: the delta is what is used.
func TestDelta(t *testing.T) {
	s := newSite(t)
	table, path := s.withDeltas()
	s.sign(table)
	plain, _, _ := strings.Cut(path, ".from-")
	s.must(os.Remove(plain))
	if name := s.do(); name != "" {
		t.Fatal(name)
	}
	s.want("1.1.0")
}

// TestNoDelta has tables and deltas of no use: the release is installed without.
func TestNoDelta(t *testing.T) {
	for name, spoil := range map[string]func(s *site, table []byte, path string) []byte{
		"no table": func(_ *site, _ []byte, _ string) []byte { return []byte("garbage") },
		"too long": func(_ *site, table []byte, _ string) []byte { return append(table, make([]byte, 1<<20)...) },
		"gone":     func(s *site, table []byte, path string) []byte { s.must(os.Remove(path)); return table },
		"another signed": func(s *site, table []byte, _ string) []byte {
			s.sign(table)
			matches, err := filepath.Glob(filepath.Join(s.repo.Dir, "targets/board/production/*.deltas"))
			s.must(errors.Join(err, os.WriteFile(matches[0], table[:8], 0o600)))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			table, path := s.withDeltas()
			if table = spoil(s, table, path); table != nil {
				s.sign(table)
			}
			if name := s.do(); name != "" {
				t.Fatal(name)
			}
			s.want("1.1.0")
		})
	}
}
