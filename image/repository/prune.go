package repository

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// Pruned says what was removed.
type Pruned struct {
	Releases, Files int
	Bytes           int64
}

// Prune withdraws all but the newest keep releases of each device type, variant
// and channel, then removes the files that no metadata has named since since: a
// client that began an update before may still need them. What is withdrawn now
// is therefore removed by a later run.
func (r *Repository) Prune(ctx context.Context, keep int, since time.Time) (Pruned, error) {
	var pruned Pruned
	err := r.locked(func() error {
		view, err := r.sign.View(ctx)
		if err != nil {
			return err
		}
		all, err := manifests(ctx, view)
		if err != nil {
			return err
		}
		dropped := beyond(all, keep)
		if pruned.Releases = len(dropped); pruned.Releases > 0 {
			if view, err = r.drop(ctx, dropped); err != nil {
				return err
			}
		}
		needed, err := r.needed(view, since)
		if err != nil {
			return err
		}
		return r.remove(ctx, needed, since, &pruned)
	})
	return pruned, err
}

// beyond returns all but the first keep of each kind: they come newest first.
func beyond(all []*release.Manifest, keep int) (dropped []*release.Manifest) {
	count := map[[3]string]int{}
	for _, manifest := range all {
		kind := [3]string{manifest.DeviceType, manifest.Variant, manifest.Channel}
		if count[kind]++; count[kind] > keep {
			dropped = append(dropped, manifest)
		}
	}
	return dropped
}

func (r *Repository) drop(ctx context.Context, dropped []*release.Manifest) (*trust.View, error) {
	targets := map[string][]byte{}
	for _, manifest := range dropped {
		targets[trust.ManifestName(manifest.DeviceType, manifest.Variant, manifest.Version)] = nil
		targets[manifest.Index.Path] = nil
		targets[trust.DeltasName(manifest.DeviceType, manifest.Variant, manifest.Version)] = nil
	}
	if err := r.sign.Update(ctx, targets); err != nil {
		return nil, err
	}
	return r.sign.View(ctx)
}

// remove takes away files in our own folders that are not needed, roots
// excepted: a device must be able to follow them from the first.
func (r *Repository) remove(ctx context.Context, needed map[string]bool, since time.Time, pruned *Pruned) error {
	top, err := os.OpenRoot(r.sign.Dir)
	if err != nil {
		return fmt.Errorf("cannot prune: %w", err)
	}
	defer top.Close()
	for _, dir := range []string{"metadata", "targets", trust.ChunkStore, "boot"} {
		err := fs.WalkDir(top.FS(), dir, func(name string, entry fs.DirEntry, err error) error {
			if err := errors.Join(err, ctx.Err()); err != nil || entry.IsDir() {
				return err
			}
			info, err := entry.Info()
			if err != nil || needed[name] || strings.HasSuffix(name, ".root.json") || !info.ModTime().Before(since) {
				return err
			}
			pruned.Files++
			pruned.Bytes += info.Size()
			return top.Remove(name)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot prune: %w", err)
		}
	}
	return nil
}
