package repository

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// desync is what `make tools` installs.
const desync = "../../build/tools/desync"

func (s *site) indexFile(manifest *release.Manifest) string {
	return filepath.Join(s.Dir(), filepath.FromSlash(trust.TargetPath(manifest.Index.Path, manifest.Index.SHA256)))
}

// TestPeersRead: what is published is a store and an index for casync and desync.
func TestPeersRead(t *testing.T) {
	s := newSite(t)
	img := image(t, "1.1.0", 1)
	manifest, err := s.Publish(t.Context(), Publication{Image: img})
	s.must(err)
	want, err := os.ReadFile(img)
	s.must(err)
	// They go by the name's end, which "HASH.1.1.0.caibx" has.
	index, store := s.indexFile(manifest), filepath.Join(s.Dir(), trust.ChunkStore)
	for name, args := range map[string][]string{"casync": {"extract", "--store=" + store, index}, desync: {"extract", "-s", store, index}} {
		out := filepath.Join(t.TempDir(), "out")
		run(t, name, append(args, out)...)
		if got, err := os.ReadFile(out); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: another image, %v", name, err)
		}
	}
}

// TestPeersMake: what they made is published as it is, with the image or without.
func TestPeersMake(t *testing.T) {
	img := image(t, "1.1.0", 1)
	for name, option := range map[string][]string{"casync": {"--store="}, desync: {"-s", ""}} {
		made := &Made{Index: filepath.Join(t.TempDir(), "a.caibx"), Store: filepath.Join(t.TempDir(), "a.castr")}
		if err := os.MkdirAll(made.Store, 0o755); err != nil {
			t.Fatal(err)
		}
		option[len(option)-1] += made.Store
		run(t, name, append(append([]string{"make"}, option...), made.Index, img)...)
		s := newSite(t)
		without, err := s.Publish(t.Context(), Publication{Made: made})
		s.must(err)
		with, err := s.Publish(t.Context(), Publication{Made: made, Image: img})
		s.must(err)
		ours, err := newSite(t).Publish(t.Context(), Publication{Image: img})
		s.must(err)
		if without.Image != with.Image || with.Image != ours.Image || with.Index.Size != ours.Index.Size {
			t.Errorf("%s: %+v, %+v, ours %+v", name, without.Image, with.Image, ours.Image)
		}
		if all, err := s.verify(); err != nil || len(all) != 1 {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Publish(t.Context(), Publication{Made: made, Image: image(t, "1.1.0", 2)}); !errors.Is(err, ErrImage) {
			t.Errorf("%s: the index of another image: %v", name, err)
		}
		made.Store = t.TempDir()
		if _, err := s.Publish(t.Context(), Publication{Made: made}); err == nil || errors.Is(err, casync.ErrIndex) {
			t.Errorf("%s: an empty store: %v", name, err)
		}
	}
}
