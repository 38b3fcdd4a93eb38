package repository

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// view returns what is published.
func (s *site) view() *trust.View {
	s.t.Helper()
	view, err := s.sign.View(s.t.Context())
	s.must(err)
	return view
}

// deltas returns the table of a release, by what its deltas are based on.
func (s *site) deltas(m *release.Manifest) map[casync.ID][]casync.Delta {
	s.t.Helper()
	view := s.view()
	name := trust.DeltasName(m.DeviceType, m.Variant, m.Version)
	if view.Targets()[name] == nil {
		return nil
	}
	table, err := view.Target(s.t.Context(), name, maxIndex)
	s.must(err)
	list, err := casync.ReadDeltas(table)
	s.must(err)
	found := map[casync.ID][]casync.Delta{}
	for _, delta := range list {
		found[delta.Base] = append(found[delta.Base], delta)
	}
	return found
}

// edit changes one byte in each of some files' chunks, as a rebuilt program has it.
func edit(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	version := bytes.Index(data, []byte("IMAGE_VERSION=1.1.0"))
	data[version+len("IMAGE_VERSION=1.")]++
	for at := 1 << 20; at < 2<<20; at += 200 << 10 {
		data[at]++
	}
	out := filepath.Join(t.TempDir(), "root.img")
	if err := os.WriteFile(out, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestDeltas(t *testing.T) {
	s := newSite(t)
	first := image(t, "1.1.0", 1)
	publish := func(path string, count int) *release.Manifest {
		t.Helper()
		manifest, err := s.Publish(t.Context(), Publication{Image: path, Share: release.Everyone, Deltas: count})
		s.must(err)
		return manifest
	}
	if found := s.deltas(publish(first, 2)); found != nil {
		t.Errorf("the first release has deltas: %v", found)
	}
	second := edit(t, first)
	manifest := publish(second, 2)
	found := s.deltas(manifest)
	for base, deltas := range found {
		for _, delta := range deltas {
			plain, err := os.Stat(s.chunkPath(delta.ID))
			s.must(err)
			if int64(delta.Size)*worth >= plain.Size()*(worth-1) {
				t.Errorf("%s from %s has %d of %d bytes", delta.ID, base, delta.Size, plain.Size())
			}
		}
	}
	if len(found) < 4 {
		t.Errorf("deltas to %d chunks", len(found))
	}
	before := s.files()
	publish(second, 0) // its roll-out only
	if again := s.deltas(manifest); len(again) != len(found) {
		t.Errorf("published again: %d instead of %d", len(again), len(found))
	}
	after := s.files()
	for path, data := range before {
		if !slices.Equal(after[path], data) && filepath.Base(path) != "timestamp.json" {
			t.Errorf("%s has changed", path)
		}
	}
	if _, err := s.verify(); err != nil {
		t.Error(err)
	}
}

// TestDeltasToDamaged has an older release that cannot be read: the new one is
// published all the same.
func TestDeltasToDamaged(t *testing.T) {
	s := newSite(t)
	first := image(t, "1.1.0", 1)
	manifest, err := s.Publish(t.Context(), Publication{Image: first, Share: release.Everyone})
	s.must(err)
	index, err := readIndex(t.Context(), s.view(), manifest)
	s.must(err)
	for _, chunk := range index.Chunks {
		s.must(os.WriteFile(s.chunkPath(chunk.ID), nil, 0o600))
	}
	next, err := s.Publish(t.Context(), Publication{Image: edit(t, first), Share: release.Everyone, Deltas: 2})
	s.must(err)
	// Chunks that both have were made good by the publication.
	fresh, err := readIndex(t.Context(), s.view(), next)
	s.must(err)
	for base := range s.deltas(next) {
		if !slices.ContainsFunc(fresh.Chunks, func(c casync.Chunk) bool { return c.ID == base }) {
			t.Errorf("a delta to %s, which is damaged", base)
		}
	}
}
