package repository

import (
	"context"
	"fmt"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// deltas checks those of a release, if it has any.
func (c *checker) deltas(ctx context.Context, manifest *release.Manifest) error {
	name := trust.DeltasName(manifest.DeviceType, manifest.Variant, manifest.Version)
	if c.view.Targets()[name] == nil {
		return nil
	}
	table, err := c.view.Target(ctx, name, maxIndex)
	if err != nil {
		return err
	}
	deltas, err := casync.ReadDeltas(table)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, delta := range deltas {
		if err := c.delta(ctx, delta); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return nil
}

// delta checks one. What it is based on may have been pruned: then its size has to do.
func (c *checker) delta(ctx context.Context, delta casync.Delta) error {
	path := trust.ChunkStore + "/" + casync.DeltaPath(delta.ID, delta.Base)
	file, err := c.files.Fetch(ctx, path, int64(delta.Size))
	if err != nil {
		return err
	}
	if len(file) != int(delta.Size) {
		return fmt.Errorf("%s has %d bytes instead of %d", path, len(file), delta.Size)
	}
	chunk, published := c.chunks[delta.ID]
	if !published {
		return fmt.Errorf("%s is of a chunk that no release has", path)
	}
	based, published := c.chunks[delta.Base]
	if !published {
		return nil
	}
	base, err := c.read(ctx, nil, based)
	if err != nil {
		return err
	}
	_, err = c.decoder.DecodeDelta(c.buffer, file, base, chunk)
	return err
}
