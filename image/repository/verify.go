package repository

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"time"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// Limits of a fetch, generous: the metadata has the sizes.
const maxIndex = 1 << 30

// Verify reads all that a new device could be given and checks it: metadata as
// that device would, from the root that images ship and at the time now, then
// every manifest, index, boot file, chunk and delta, and every image as a whole. It
// returns the first fault, or the releases that are as they should be.
func Verify(ctx context.Context, dir string, root []byte, now time.Time) ([]*release.Manifest, error) {
	scratch, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	client := trust.New(trust.Options{Root: root, Dir: scratch, Fetcher: trust.Dir(dir), Now: func() time.Time { return now }})
	view, err := client.Refresh(ctx)
	if err != nil {
		return nil, err
	}
	all, err := manifests(ctx, view)
	if err != nil {
		return nil, err
	}
	checker, err := newChecker(dir, view)
	if err != nil {
		return nil, err
	}
	defer checker.decoder.Close()
	for _, check := range []func(context.Context, *release.Manifest) error{checker.release, checker.deltas} {
		for _, manifest := range all {
			if err := check(ctx, manifest); err != nil {
				return nil, fmt.Errorf("%s for %s, %s: %w", manifest.Version, manifest.DeviceType, manifest.Variant, err)
			}
		}
	}
	return all, nil
}

type checker struct {
	files   trust.Dir
	view    *trust.View
	decoder *casync.Decoder
	buffer  []byte
	chunks  map[casync.ID]casync.Chunk // all that were checked
}

func newChecker(dir string, view *trust.View) (*checker, error) {
	decoder, err := casync.NewDecoder()
	if err != nil {
		return nil, err
	}
	return &checker{trust.Dir(dir), view, decoder, make([]byte, casync.MaxChunk), map[casync.ID]casync.Chunk{}}, nil
}

func (c *checker) release(ctx context.Context, manifest *release.Manifest) error {
	for _, file := range manifest.Boot {
		data, err := c.files.Fetch(ctx, trust.BootPath(file.SHA256), file.Size)
		if err != nil {
			return fmt.Errorf("%w: boot file %s: %w", ErrDamaged, file.Path, err)
		}
		if int64(len(data)) != file.Size || hexSum(data) != file.SHA256 {
			return fmt.Errorf("%w: boot file %s is another one", ErrDamaged, file.Path)
		}
	}
	index, err := readIndex(ctx, c.view, manifest)
	if err != nil {
		return err
	}
	sum := sha256.New()
	for _, chunk := range index.Chunks {
		if err := c.chunk(ctx, chunk, sum); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	if index.Size() != manifest.Image.Size || hex.EncodeToString(sum.Sum(nil)) != manifest.Image.SHA256 {
		return fmt.Errorf("%w: the chunks of its index are not its image", ErrDamaged)
	}
	return nil
}

func (c *checker) chunk(ctx context.Context, chunk casync.Chunk, sum hash.Hash) error {
	data, err := c.read(ctx, c.buffer, chunk)
	if err != nil {
		return err
	}
	c.chunks[chunk.ID] = chunk
	_, err = sum.Write(data)
	return err
}

func (c *checker) read(ctx context.Context, buffer []byte, chunk casync.Chunk) ([]byte, error) {
	file, err := c.files.Fetch(ctx, trust.ChunkStore+"/"+casync.Path(chunk.ID), casync.MaxCompressed(chunk.Size))
	if err != nil {
		return nil, err
	}
	return c.decoder.Decode(buffer, file, chunk)
}

// readIndex fetches the index of a release and holds it against the manifest.
func readIndex(ctx context.Context, view *trust.View, manifest *release.Manifest) (*casync.Index, error) {
	data, err := view.Target(ctx, manifest.Index.Path, maxIndex)
	if err != nil {
		return nil, err
	}
	if hexSum(data) != manifest.Index.SHA256 {
		return nil, errors.Join(ErrDamaged, errors.New("its index is not the one that its manifest names"))
	}
	return casync.ReadIndex(bytes.NewReader(data), manifest.Image.Size)
}
