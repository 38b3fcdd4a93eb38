package trust

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"resinos.io/shared/atomicfile"
)

// A Client keeps what one device knows of one repository.
type Client struct{ opts Options }

// New returns a client. Nothing is read or fetched yet.
func New(opts Options) *Client { return &Client{opts} }

// Refresh fetches the newest metadata and returns what it says. Nothing that was
// known is lost if it fails. Its errors wrap [ErrExpired], [ErrReplayed],
// [ErrSignature], [ErrMetadata] or those of the Fetcher and of the disk.
func (c *Client) Refresh(ctx context.Context) (*View, error) {
	floor, err := readFloor(c.opts.Dir, c.opts.Least)
	if err != nil {
		return nil, err
	}
	trusted, err := trustedmetadata.New(c.opts.Root)
	if err != nil {
		return nil, named("the root that came with the image", err)
	}
	trusted.RefTime = latest(c.opts.Now().UTC(), floor.Seen)
	run := &refresh{Client: c, trusted: trusted}
	if err := run.root(ctx); err != nil {
		return nil, err
	}
	if err := (Floor{Root: floor.Root}).check(Floor{Root: trusted.Root.Signed.Version}); err != nil {
		return nil, err
	}
	if err := run.timestamp(ctx); err != nil {
		return nil, err
	}
	if err := run.snapshot(ctx); err != nil {
		return nil, err
	}
	if err := run.targets(ctx); err != nil {
		return nil, err
	}
	return run.accept(floor)
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

type refresh struct {
	*Client
	trusted *trustedmetadata.TrustedMetadata
	files   map[string][]byte // fetched, to be kept
}

func (r *refresh) path(name string) string { return filepath.Join(r.opts.Dir, name) }

// kept returns a file of the directory; nil is as good as any error.
func (r *refresh) kept(name string) []byte {
	data, err := os.ReadFile(r.path(name))
	if err != nil {
		return nil
	}
	return data
}

func (r *refresh) fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	data, err := r.opts.Fetcher.Fetch(ctx, "metadata/"+name, limit)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", name, err)
	}
	return data, nil
}

// keep remembers a file until all is verified.
func (r *refresh) keep(name string, data []byte) {
	if r.files == nil {
		r.files = map[string][]byte{}
	}
	r.files[name] = data
}

// root goes up the chain one version at a time: those that are known cost no
// fetch, and all are verified again from the image's own.
func (r *refresh) root(ctx context.Context) error {
	for range maxRotations {
		name := fmt.Sprintf("%d.root.json", r.trusted.Root.Signed.Version+1)
		if data := r.kept(name); data != nil {
			if _, err := r.trusted.UpdateRoot(data); err == nil {
				continue
			}
		}
		data, err := r.fetch(ctx, name, maxRoot)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := r.trusted.UpdateRoot(data); err != nil {
			return named(name, err)
		}
		// At once: a root is valid by itself, and a device must not forget a rotation.
		if err := atomicfile.Write(r.path(name), data, 0o600); err != nil {
			return err
		}
	}
	return fmt.Errorf("cannot trust root: %w: more than %d new versions at once", ErrMetadata, maxRotations)
}

func (r *refresh) timestamp(ctx context.Context) error {
	const name = "timestamp.json"
	if data := r.kept(name); checkTimestamp(data) == nil {
		// Only to compare with: that it is expired or signed by old keys does not matter.
		_, _ = r.trusted.UpdateTimestamp(data)
	}
	data, err := r.fetch(ctx, name, maxTimestamp)
	if err != nil {
		return err
	}
	if err := checkTimestamp(data); err != nil {
		return named(name, err)
	}
	_, err = r.trusted.UpdateTimestamp(data)
	if errors.Is(err, &metadata.ErrEqualVersionNumber{}) {
		return nil
	}
	r.keep(name, data)
	return named(name, err)
}

func (r *refresh) snapshot(ctx context.Context) error {
	const kept = "snapshot.json"
	version := r.trusted.Timestamp.Signed.Meta[kept]
	if data := r.kept(kept); checkSnapshot(data) == nil {
		if _, err := r.trusted.UpdateSnapshot(data, true); err == nil {
			return nil
		}
	}
	name := fmt.Sprintf("%d.%s", version.Version, kept)
	data, err := r.fetch(ctx, name, bounded(version.Length, maxSnapshot))
	if err != nil {
		return err
	}
	if err := checkSnapshot(data); err != nil {
		return named(name, err)
	}
	_, err = r.trusted.UpdateSnapshot(data, false)
	r.keep(kept, data)
	return named(name, err)
}

func (r *refresh) targets(ctx context.Context) error {
	const kept = "targets.json"
	version := r.trusted.Snapshot.Signed.Meta[kept]
	if data := r.kept(kept); data != nil {
		if _, err := r.trusted.UpdateTargets(data); err == nil {
			return nil
		}
	}
	name := fmt.Sprintf("%d.%s", version.Version, kept)
	data, err := r.fetch(ctx, name, bounded(version.Length, maxTargets))
	if err != nil {
		return err
	}
	_, err = r.trusted.UpdateTargets(data)
	r.keep(kept, data)
	return named(name, err)
}

// bounded is the signed length, if there is one that is sensible.
func bounded(length, limit int64) int64 {
	if length > 0 && length < limit {
		return length
	}
	return limit
}

// accept raises the floor before anything is used, then keeps the files.
func (r *refresh) accept(floor Floor) (*View, error) {
	targets := r.trusted.Targets[metadata.TARGETS]
	now := Floor{
		Root: r.trusted.Root.Signed.Version, Timestamp: r.trusted.Timestamp.Signed.Version,
		Snapshot: r.trusted.Snapshot.Signed.Version, Targets: targets.Signed.Version,
		Seen: r.trusted.RefTime, Keys: keysOf(&r.trusted.Root.Signed),
	}
	if err := floor.check(now); err != nil {
		return nil, err
	}
	if changed := len(r.files) > 0 || now.Seen.Sub(floor.Seen) > 24*time.Hour; changed {
		if err := now.write(r.opts.Dir); err != nil {
			return nil, err
		}
	}
	for name, data := range r.files {
		if err := atomicfile.Write(r.path(name), data, 0o600); err != nil {
			return nil, err
		}
	}
	return &View{fetcher: r.opts.Fetcher, targets: targets.Signed.Targets, Floor: now}, nil
}
