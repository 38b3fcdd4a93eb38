package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/casync"
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
	}
	if err := r.sign.Update(ctx, targets); err != nil {
		return nil, err
	}
	return r.sign.View(ctx)
}

// needed returns the paths, relative to the repository, of what is published and
// of what was published at some time after since.
func (r *Repository) needed(view *trust.View, since time.Time) (map[string]bool, error) {
	needed := map[string]bool{
		"metadata/timestamp.json":                                     true,
		fmt.Sprintf("metadata/%d.snapshot.json", view.Floor.Snapshot): true,
		fmt.Sprintf("metadata/%d.targets.json", view.Floor.Targets):   true,
	}
	if err := r.need(needed, view.Targets()); err != nil {
		return nil, err
	}
	for version := view.Floor.Targets - 1; version > 0; version-- {
		next, err := os.Stat(r.path("metadata", fmt.Sprintf("%d.targets.json", version+1)))
		if err != nil || next.ModTime().Before(since) {
			break
		}
		name := fmt.Sprintf("metadata/%d.targets.json", version)
		past, err := metadata.Targets().FromFile(r.path(name))
		if err != nil {
			break // it was pruned before, and no client can have it
		}
		needed[name] = true
		// What is damaged or gone cannot be kept: that is for Verify to tell.
		_ = r.need(needed, past.Signed.Targets)
	}
	return needed, nil
}

// need adds the files that targets name, and those that their content names.
func (r *Repository) need(needed map[string]bool, targets map[string]*metadata.TargetFiles) error {
	var faults error
	for name, target := range targets {
		file := trust.TargetPath(name, target.Hashes["sha256"].String())
		if needed[file] {
			continue
		}
		needed[file] = true
		data, err := os.ReadFile(r.path(filepath.FromSlash(file)))
		if err == nil && path.Ext(name) == ".json" {
			err = needBoot(needed, data)
		} else if err == nil {
			err = needChunks(needed, data)
		}
		faults = errors.Join(faults, err)
	}
	return faults
}

func needBoot(needed map[string]bool, data []byte) error {
	manifest, err := release.Parse(data)
	if err != nil {
		return err
	}
	for _, file := range manifest.Boot {
		needed[trust.BootPath(file.SHA256)] = true
	}
	return nil
}

func needChunks(needed map[string]bool, data []byte) error {
	index, err := casync.ReadIndex(bytes.NewReader(data), release.MaxImage)
	if err != nil {
		return err
	}
	for _, chunk := range index.Chunks {
		needed[trust.ChunkStore+"/"+casync.Path(chunk.ID)] = true
	}
	return nil
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
