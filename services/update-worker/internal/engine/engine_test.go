package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// store is a repository in memory.
type store struct {
	mu      sync.Mutex
	files   map[string][]byte
	fetched int
	bytes   int
	fail    func(count int) error
}

func (s *store) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	s.fetched++
	if s.fail != nil {
		if err := s.fail(s.fetched); err != nil {
			return nil, err
		}
	}
	data, there := s.files[path]
	if !there || int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: %s", trust.ErrNotFound, path)
	}
	s.bytes += len(data)
	return data, nil
}

// publish adds an image to the store and returns its index.
func (s *store) publish(t *testing.T, image []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest)) // the content is random
	if err != nil {
		t.Fatal(err)
	}
	index, err := casync.Make(t.Context(), bytes.NewReader(image), casync.DefaultSizes(), func(id casync.ID, data []byte) error {
		s.files[trust.ChunkStore+"/"+casync.Path(id)] = encoder.EncodeAll(data, nil)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := index.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// device is two slots: A runs old, B is to get next.
type device struct {
	*store
	Input
	old, next []byte
}

func random(seed uint64, size int) []byte {
	data := make([]byte, size)
	source := rand.NewChaCha8([32]byte{byte(seed)})
	_, _ = source.Read(data) // never fails
	return data
}

func newDevice(t *testing.T) *device {
	t.Helper()
	dir := t.TempDir()
	d := &device{store: &store{files: map[string][]byte{}}}
	d.old = random(1, 3<<20)
	d.next = bytes.Clone(d.old)
	copy(d.next[1<<20:], random(2, 300<<10))               // changed
	d.next = append(d.next[:2<<20], d.next[2<<20+777:]...) // moved
	d.next = append(d.next, random(3, 100<<10)...)
	d.next = append(d.next, make([]byte, 1<<20)...)
	d.next = append(d.next, d.next[1<<20:2<<20]...) // again
	sum := sha256.Sum256(d.next)
	d.Input = Input{
		Manifest: &release.Manifest{Image: release.File{Size: int64(len(d.next)), SHA256: hex.EncodeToString(sum[:])}},
		Index:    d.publish(t, d.next), Source: d.store,
		Target: filepath.Join(dir, "B"), Seed: filepath.Join(dir, "A"), Kept: dir, TargetSlot: "B", SeedSlot: "A",
	}
	d.write(t, d.Seed, d.old)
	d.write(t, d.Target, bytes.Repeat([]byte{0xaa}, len(d.next)+5<<20))
	return d
}

func (d *device) write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// install installs and returns the last progress.
func (d *device) install(ctx context.Context) (last Progress, err error) {
	err = Install(ctx, d.Input, func(p Progress) { last = p })
	return last, err
}

func (d *device) whole(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile(d.Target)
	if err != nil || !bytes.Equal(content[:len(d.next)], d.next) {
		t.Errorf("the slot does not hold the image: %v", err)
	}
	for _, b := range content[len(d.next):] {
		if b != 0xaa {
			t.Fatal("something was written behind the image")
		}
	}
}

func TestInstallFromSeed(t *testing.T) {
	d := newDevice(t)
	p, err := d.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.whole(t)
	if p.Done != uint64(len(d.next)) || p.FromSeed < 2<<20 || p.Downloaded == 0 || p.Downloaded > 2<<20 {
		t.Errorf("the progress is %+v", p)
	}
	if readKept(d.keptIndex("A")) == nil {
		t.Error("what the running slot holds is not remembered")
	}
	before := d.fetched
	if p, err = d.install(t.Context()); err != nil || d.fetched != before || p.FromTarget != uint64(len(d.next)) {
		t.Errorf("the second time: %+v, %v, %d files fetched", p, err, d.fetched-before)
	}
}

// TestRepeatedChunksAreFetchedOnce allows for those whose first place is still on
// its way when they come again.
func TestRepeatedChunksAreFetchedOnce(t *testing.T) {
	d := newDevice(t)
	d.Seed = ""
	if _, err := d.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.whole(t)
	if d.fetched > len(d.files)+maxFlight {
		t.Errorf("%d files were fetched, the repository has %d", d.fetched, len(d.files))
	}
}

// TestInterrupted fails at each file in turn, and goes on.
func TestInterrupted(t *testing.T) {
	cut := errors.New("cut")
	for at := 1; ; at += 1 + at {
		d := newDevice(t)
		d.Seed = ""
		d.fail = func(count int) error {
			if count == at {
				return cut
			}
			return nil
		}
		_, err := d.install(t.Context())
		if err == nil {
			return
		}
		if !errors.Is(err, cut) {
			t.Fatal(err)
		}
		if readKept(d.keptIndex("B")) != nil {
			t.Fatal("the slot is said to hold something")
		}
		d.fail = nil
		if _, err := d.install(t.Context()); err != nil {
			t.Fatal(err)
		}
		d.whole(t)
	}
}

// TestTakenUp interrupts an installation when two blocks are written for sure.
func TestTakenUp(t *testing.T) {
	d := newDevice(t)
	d.Seed = ""
	ctx, cancel := context.WithCancel(t.Context())
	err := Install(ctx, d.Input, func(p Progress) {
		if p.Done >= 3*block {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	p, err := d.install(t.Context())
	if err != nil || p.FromTarget < block {
		t.Errorf("the second time: %+v, %v", p, err)
	}
	d.whole(t)
}

func TestDamagedSeedsCostADownload(t *testing.T) {
	d := newDevice(t)
	if _, err := d.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{d.Seed, d.Target} {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(make([]byte, 4096), 2<<20); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	first, err := d.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.whole(t)
	if first.Downloaded == 0 {
		t.Error("nothing was fetched in place of what is damaged")
	}
	// The slot's index is true again: nothing is fetched, and believed at once.
	if again, err := d.install(t.Context()); err != nil || again.Downloaded != 0 || again.FromTarget != again.Total {
		t.Errorf("once more: %+v, %v", again, err)
	}
}

// TestIndexesThatLie: both slots hold other bytes than their indexes say, all of them.
func TestIndexesThatLie(t *testing.T) {
	d := newDevice(t)
	if _, err := d.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, size := range map[string]int{d.Seed: len(d.old), d.Target: len(d.next)} {
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt(bytes.Repeat([]byte{7}, size), 0); err != nil {
			t.Fatal(err)
		}
		file.Close()
	}
	stages := map[string]bool{}
	if err := Install(t.Context(), d.Input, func(p Progress) { stages[p.Stage] = true }); err != nil {
		t.Fatal(err)
	}
	d.whole(t)
	if !stages[Again] {
		t.Errorf("nobody was told that it is written again: %v", stages)
	}
}

func TestCancelIsAnError(t *testing.T) {
	d := newDevice(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := Install(ctx, d.Input, func(p Progress) {
		if p.Done > 1<<20 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if readKept(d.keptIndex("B")) != nil {
		t.Error("the slot is said to hold something")
	}
}

func TestRefusedBeforeAByteIsWritten(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, d *device)
		is     error
	}{
		"too small":   {func(t *testing.T, d *device) { d.write(t, d.Target, bytes.Repeat([]byte{0xaa}, len(d.next)-1)) }, ErrTooLarge},
		"no slot":     {func(_ *testing.T, d *device) { d.Target += ".absent" }, os.ErrNotExist},
		"metered":     {func(_ *testing.T, d *device) { d.Metered, d.Seed = true, "" }, ErrMetered},
		"told not to": {func(_ *testing.T, d *device) { d.Begin = func() error { return os.ErrPermission } }, os.ErrPermission},
		"bad index":   {func(_ *testing.T, d *device) { d.Index = d.Index[:len(d.Index)-1] }, ErrContent},
		"index of another size": {func(t *testing.T, d *device) {
			d.Index = d.publish(t, d.old)
		}, ErrContent},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t)
			d.Begin = func() error { t.Error("it would have begun"); return nil }
			c.change(t, d)
			if _, err := d.install(t.Context()); !errors.Is(err, c.is) {
				t.Errorf("got %v, want %v", err, c.is)
			}
			if content, err := os.ReadFile(d.Target); err == nil && bytes.Count(content, []byte{0xaa}) != len(content) {
				t.Error("the slot was written to")
			}
		})
	}
}

// TestDamagedOnTheWay: what is damaged once is fetched again.
func TestDamagedOnTheWay(t *testing.T) {
	d := newDevice(t)
	d.Source = &garbler{store: d.store, seen: map[string]bool{}}
	if _, err := d.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.whole(t)
}

// garbler damages each file the first time it is fetched.
type garbler struct {
	*store
	mu   sync.Mutex
	seen map[string]bool
}

func (g *garbler) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	data, err := g.store.Fetch(ctx, path, limit)
	g.mu.Lock()
	defer g.mu.Unlock()
	if err == nil && !g.seen[path] {
		g.seen[path] = true
		data = bytes.Clone(data)
		data[len(data)/2] ^= 1
	}
	return data, err
}

func TestWrongContent(t *testing.T) {
	for name, change := range map[string]func(d *device){
		"a chunk of other bytes": func(d *device) {
			for path := range d.files {
				d.files[path] = []byte("no zstd")
			}
		},
		"another image than signed": func(d *device) { d.Manifest.Image.SHA256 = strings.Repeat("0", 64) },
	} {
		d := newDevice(t)
		change(d)
		if _, err := d.install(t.Context()); !errors.Is(err, ErrContent) {
			t.Errorf("%s: %v", name, err)
		}
		if readKept(d.keptIndex("B")) != nil {
			t.Errorf("%s: the slot is said to hold it", name)
		}
	}
	d := newDevice(t)
	for path := range d.files {
		delete(d.files, path)
	}
	if _, err := d.install(t.Context()); !errors.Is(err, trust.ErrNotFound) {
		t.Errorf("chunks that are not there: %v", err)
	}
}
