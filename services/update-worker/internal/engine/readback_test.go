package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/casync"
)

// TestReadBackFollows reads most of a slot behind the writer, and the rest after it.
func TestReadBackFollows(t *testing.T) {
	content := random(1, 5*block+4096+17)
	path := filepath.Join(t.TempDir(), "slot")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	slot, err := openSlot(path, int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	defer slot.Close()
	back := newReadBack(slot)
	places := make(chan int64, 2)
	places <- block
	places <- 3 * block
	close(places)
	if err := back.follow(t.Context(), places); err != nil || back.at != 3*block {
		t.Fatalf("it has come to %d: %v", back.at, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := back.upTo(ended, int64(len(content))); !errors.Is(err, context.Canceled) {
		t.Errorf("it does not end: %v", err)
	}
	if err := back.upTo(t.Context(), int64(len(content))); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if err := back.is(hex.EncodeToString(sum[:])); err != nil {
		t.Error(err)
	}
	if err := back.is(hex.EncodeToString(make([]byte, 32))); !errors.Is(err, ErrContent) {
		t.Errorf("another hash: %v", err)
	}
	if err := back.upTo(t.Context(), int64(len(content))+1); err == nil {
		t.Error("a slot that ends early reads well")
	}
}

// TestUnreadableSlot: when what was written cannot be read, the writing stops.
func TestUnreadableSlot(t *testing.T) {
	const size = 48 << 20
	index, err := casync.Make(t.Context(), io.LimitReader(zeros{}, size), casync.DefaultSizes(), func(casync.ID, []byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "slot"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	slot := &slot{File: file}
	defer slot.Close()
	if err := slot.openDirect(os.O_WRONLY); err != nil {
		t.Fatal(err)
	}
	var last Progress
	r := &run{index: index, target: slot, seeds: &seeds{target: slot}, report: func(p Progress) { last = p }}
	if err := r.write(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot read the slot back") {
		t.Errorf("%v", err)
	}
	if last.Done == 0 || last.Done >= size {
		t.Errorf("%d bytes of %d were written", last.Done, size)
	}
}

// zeros has as many zeros as anybody wants.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
