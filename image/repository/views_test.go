package repository

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// slowly lets something happen when the first file of the metadata was fetched.
type slowly struct {
	dir    trust.Dir
	happen func()
}

func (s *slowly) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	data, err := s.dir.Fetch(ctx, path, limit)
	if strings.HasSuffix(path, "timestamp.json") && s.happen != nil {
		s.happen()
		s.happen = nil
	}
	return data, err
}

// TestSlowClient: what a client began to read stays whole while a release is
// published, another is withdrawn and old files are pruned.
func TestSlowClient(t *testing.T) {
	s := newSite(t)
	first := s.add("1.1.0", 1)
	root, err := os.ReadFile(s.RootFile())
	s.must(err)
	fetcher := &slowly{trust.Dir(s.Dir()), func() {
		s.add("1.2.0", 2)
		_, err := s.Rollout(t.Context(), Selection{Version: first.Version}, release.Rollout{Pulled: true})
		s.must(err)
		pruned, err := s.Prune(t.Context(), 1, time.Now().Add(-time.Hour))
		if err != nil || pruned.Releases != 1 || pruned.Files != 0 {
			t.Errorf("pruned %+v, %v", pruned, err)
		}
	}}
	view, err := trust.New(trust.Options{Root: root, Dir: t.TempDir(), Fetcher: fetcher, Now: time.Now}).Refresh(t.Context())
	s.must(err)
	if versions := view.Versions("qemu", "production"); len(versions) != 1 || versions[0] != first.Version {
		t.Fatalf("the client sees %v", versions)
	}
	manifest, err := view.Manifest(t.Context(), "qemu", "production", first.Version)
	s.must(err)
	checker, err := newChecker(s.Dir(), view)
	s.must(err)
	defer checker.decoder.Close()
	s.must(checker.release(t.Context(), manifest))
}

func TestPrune(t *testing.T) {
	s := newSite(t)
	s.add("1.1.0", 1)
	s.add("1.2.0", 2)
	s.add("1.3.0", 3)
	s.must(os.WriteFile(s.path("chunks", ".left.tmp"), bytes.Repeat([]byte("x"), 100), 0o600))
	later := time.Now().Add(time.Hour)
	pruned, err := s.Prune(t.Context(), 2, later)
	// Of 1.1.0: the manifest, the index, its grub.cfg and at least one chunk, and the older metadata.
	if err != nil || pruned.Releases != 1 || pruned.Files < 8 {
		t.Errorf("pruned %+v, %v", pruned, err)
	}
	if all, err := s.verify(); err != nil || len(all) != 2 {
		t.Errorf("after pruning: %d releases, %v", len(all), err)
	}
	if again, err := s.Prune(t.Context(), 2, later); err != nil || again != (Pruned{}) {
		t.Errorf("again: %+v, %v", again, err)
	}
}
