package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"resinos.io/shared/casync"
	"resinos.io/shared/trust"
)

// newDeltas is a device whose next image differs from the old one by a few bytes in
// every other chunk, and whose repository has those chunks as deltas.
func newDeltas(t *testing.T) (d *device, deltas []casync.Delta) {
	t.Helper()
	d = newDevice(t)
	old, err := casync.Make(t.Context(), bytes.NewReader(d.old), casync.DefaultSizes(), func(casync.ID, []byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	d.next = bytes.Clone(d.old)
	for i, chunk := range old.Chunks {
		if i%2 == 0 {
			d.next[chunk.Start+int64(chunk.Size)/3] ^= 1 // far from where it was cut
		}
	}
	d.Index = d.publish(t, d.next)
	sum := sha256.Sum256(d.next)
	d.Manifest.Image.Size, d.Manifest.Image.SHA256 = int64(len(d.next)), hex.EncodeToString(sum[:])
	index, err := casync.ReadIndex(bytes.NewReader(d.Index), int64(len(d.next)))
	if err != nil {
		t.Fatal(err)
	}
	if len(index.Chunks) != len(old.Chunks) {
		t.Fatal("a change moved a cut")
	}
	encoder, err := casync.NewDeltaEncoder()
	if err != nil {
		t.Fatal(err)
	}
	for i, chunk := range index.Chunks {
		base := old.Chunks[i]
		if base.ID == chunk.ID {
			continue
		}
		file, err := encoder.Encode(d.next[chunk.Start:chunk.End()], d.old[base.Start:base.End()])
		if err != nil {
			t.Fatal(err)
		}
		d.files[trust.ChunkStore+"/"+casync.DeltaPath(chunk.ID, base.ID)] = file
		deltas = append(deltas, casync.Delta{ID: chunk.ID, Base: base.ID, Size: uint32(len(file))})
	}
	slices.SortFunc(deltas, casync.Delta.Compare)
	d.Deltas = deltas
	return d, deltas
}

func TestDeltas(t *testing.T) {
	d, deltas := newDeltas(t)
	p, err := d.install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.whole(t)
	if len(deltas) < 10 || d.fetched != len(deltas) || p.Downloaded > uint64(len(deltas)*200) {
		t.Errorf("%d deltas, %d files fetched, %d bytes downloaded", len(deltas), d.fetched, p.Downloaded)
	}
}

// TestDeltasHelpOnly has deltas that are of no use: the image is whole all the same.
func TestDeltasHelpOnly(t *testing.T) {
	isDelta := func(path string) bool { return strings.Contains(path, ".from-") }
	for name, spoil := range map[string]func(d *device, path string){
		"not there": func(d *device, path string) { delete(d.files, path) },
		"damaged":   func(d *device, path string) { d.files[path] = []byte("damaged") },
		"too long":  func(d *device, path string) { d.files[path] = append(d.files[path], 0) },
		"no delta":  func(d *device, path string) { d.files[path] = d.files[path[:strings.Index(path, ".from-")]] },
	} {
		t.Run(name, func(t *testing.T) {
			d, deltas := newDeltas(t)
			for path := range d.files {
				if isDelta(path) {
					spoil(d, path)
				}
			}
			if _, err := d.install(t.Context()); err != nil {
				t.Fatal(err)
			}
			d.whole(t)
			if more := d.fetched - len(deltas); more > maxFlight+unusableDeltas {
				t.Errorf("%d deltas were asked for after the first was of no use", more)
			}
		})
	}
}

// TestDeltasOfAnotherSeed has a running slot that is damaged where deltas begin.
func TestDeltasOfAnotherSeed(t *testing.T) {
	d, _ := newDeltas(t)
	d.bury(t)
	if _, err := d.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.whole(t)
}

// bury keeps the index of the running slot, and damages the slot.
func (d *device) bury(t *testing.T) {
	t.Helper()
	stop := errors.New("stop")
	d.Begin = func() error { return stop }
	if err := Install(context.WithoutCancel(t.Context()), d.Input, func(Progress) {}); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	d.Begin = nil
	if _, err := os.Stat(filepath.Join(d.Kept, "slot-A.caibx")); err != nil {
		t.Fatal(err)
	}
	d.write(t, d.Seed, make([]byte, len(d.old)))
}
