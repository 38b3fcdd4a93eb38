package repository

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

const (
	// around is how many chunks of an older image are tried for each that is new: the
	// one that takes its place, going by the chunks before, and its neighbours.
	around = 5
	// worth is by what part a delta has to be smaller than the file of its chunk.
	worth = 8
)

// older returns the indexes of the newest count releases before m, for the same
// devices, that were not withdrawn. What is damaged is left out: see [Verify].
func older(ctx context.Context, view *trust.View, m *release.Manifest, count int) []*casync.Index {
	var indexes []*casync.Index
	for _, version := range view.Versions(m.DeviceType, m.Variant) {
		if len(indexes) == count || ctx.Err() != nil {
			break
		}
		if version.Compare(m.Version) >= 0 {
			continue
		}
		old, err := view.Manifest(ctx, m.DeviceType, m.Variant, version)
		if err != nil || old.Rollout.Pulled {
			continue
		}
		if index, err := readIndex(ctx, view, old); err == nil {
			indexes = append(indexes, index)
		}
	}
	return indexes
}

// A differ adds chunks as differences to those of older images.
type differ struct {
	repo  *Repository
	image *os.File
	index *casync.Index
	tries [around]try
}

// A try is what one goroutine has to itself.
type try struct {
	decoder *casync.Decoder
	encoder *casync.DeltaEncoder
	old     []byte
	file    []byte // how it came out
}

// addDeltas adds what is new in an image as differences to each of olds, durably, and
// returns the table of them: nil if there are none.
func (r *Repository) addDeltas(ctx context.Context, path string, index *casync.Index, olds []*casync.Index) ([]byte, error) {
	if len(olds) == 0 {
		return nil, nil
	}
	image, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read image: %w", err)
	}
	defer image.Close()
	d := &differ{repo: r, image: image, index: index}
	for i := range d.tries {
		decoder, decoderErr := casync.NewDecoder()
		encoder, encoderErr := casync.NewDeltaEncoder()
		if err := errors.Join(decoderErr, encoderErr); err != nil {
			return nil, err
		}
		defer decoder.Close()
		d.tries[i] = try{decoder: decoder, encoder: encoder}
	}
	var all []casync.Delta
	for _, old := range olds {
		found, err := d.against(ctx, old)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(all) == 0 {
		return nil, nil
	}
	slices.SortFunc(all, casync.Delta.Compare)
	return casync.DeltaTable(slices.Compact(all)), r.sync()
}

// against adds differences to one older image.
func (d *differ) against(ctx context.Context, old *casync.Index) ([]casync.Delta, error) {
	place := make(map[casync.ID]int, len(old.Chunks))
	for i, chunk := range old.Chunks {
		place[chunk.ID] = i
	}
	var found []casync.Delta
	expected := 0 // which old chunk the next one probably was
	done := map[casync.ID]bool{}
	for _, chunk := range d.index.Chunks {
		if at, both := place[chunk.ID]; both {
			expected = at + 1
			continue
		}
		if done[chunk.ID] {
			continue
		}
		done[chunk.ID] = true
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at, file, err := d.nearest(chunk, old.Chunks, expected)
		if err != nil {
			return nil, err
		}
		expected = at + 1
		if d.worthIt(chunk.ID, file) {
			base := old.Chunks[at].ID
			found = append(found, casync.Delta{ID: chunk.ID, Base: base, Size: uint32(len(file))})
			if err := d.repo.writeLater(d.repo.deltaPath(chunk.ID, base), file); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// nearest returns which of the old chunks around expected leaves the smallest
// difference, and that: nil if none of them can be read.
func (d *differ) nearest(chunk casync.Chunk, old []casync.Chunk, expected int) (int, []byte, error) {
	data := make([]byte, chunk.Size)
	if _, err := d.image.ReadAt(data, chunk.Start); err != nil {
		return 0, nil, fmt.Errorf("cannot read image: %w", err)
	}
	first := max(0, min(expected-around/2, len(old)-around))
	tries := d.tries[:min(around, len(old)-first)]
	var group errgroup.Group
	for i := range tries {
		group.Go(func() error { return tries[i].make(d.repo, data, old[first+i]) })
	}
	if err := group.Wait(); err != nil {
		return 0, nil, err
	}
	at, file := expected, []byte(nil)
	for i, try := range tries {
		if try.file != nil && (file == nil || len(try.file) < len(file)) {
			at, file = first+i, try.file
		}
	}
	return at, file, nil
}

// make sets file to the difference of data to an old chunk: nil if that is damaged.
func (t *try) make(repo *Repository, data []byte, old casync.Chunk) error {
	t.file = nil
	stored, err := os.ReadFile(repo.chunkPath(old.ID))
	if err != nil {
		return nil //nolint:nilerr // for Verify to tell
	}
	if t.old, err = t.decoder.Decode(t.old, stored, old); err != nil {
		return nil //nolint:nilerr // for Verify to tell
	}
	t.file, err = t.encoder.Encode(data, t.old)
	return err
}

// worthIt says whether the file of a delta is enough smaller than that of its chunk.
func (d *differ) worthIt(id casync.ID, file []byte) bool {
	info, err := os.Stat(d.repo.chunkPath(id))
	return err == nil && file != nil && int64(len(file))*worth < info.Size()*(worth-1)
}
