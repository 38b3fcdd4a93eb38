package repository

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// A Publication is what there is to say about a release beside its image.
type Publication struct {
	Image      string           // an ext4 image of the root partition
	Made       *Made            // its index and chunks, if another program has made them; Image may be empty then
	Boot       string           // a folder of boot files; empty: those of the image
	MinVersion *release.Version // the oldest version that can be updated to it; nil: any
	Channel    string           // empty: stable
	Share      int              // of the roll-out, in ten-thousandths
	Deltas     int              // how many older releases what is new is also compressed against
	Replace    bool             // a version that is there already may get other content; its deltas are made anew
}

// Publish adds a release and returns its manifest. To publish the same image once
// more changes its roll-out only. Errors wrap [ErrImage], [ErrPublished],
// [ErrBusy] or those of the packages below.
func (r *Repository) Publish(ctx context.Context, what Publication) (*release.Manifest, error) {
	var manifest *release.Manifest
	err := r.locked(func() (err error) {
		manifest, err = r.publish(ctx, what)
		return err
	})
	return manifest, err
}

func (r *Repository) publish(ctx context.Context, what Publication) (*release.Manifest, error) {
	view, err := r.sign.View(ctx)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)

	if what.Image == "" && what.Made != nil {
		what.Image = filepath.Join(scratch, "image")
		if err := what.Made.assemble(ctx, what.Image); err != nil {
			return nil, err
		}
	}
	system, err := describe(ctx, what.Image)
	if err != nil {
		return nil, err
	}
	manifest := &release.Manifest{
		Format: release.Format, Version: system.Version, MinVersion: what.MinVersion, DeviceType: system.DeviceType,
		Variant: system.Variant, Channel: cmp.Or(what.Channel, "stable"), Rollout: release.Rollout{Share: what.Share},
	}
	if what.Boot == "" {
		if what.Boot, err = bootTree(ctx, what.Image, scratch); err != nil {
			return nil, err
		}
	}
	if manifest.Boot, err = r.addBoot(what.Boot); err != nil {
		return nil, err
	}
	index, err := r.addImage(ctx, what, manifest)
	if err != nil {
		return nil, err
	}
	known, err := r.checkNew(ctx, view, manifest, what.Replace)
	if err != nil {
		return nil, err
	}
	targets, err := r.targets(manifest, index)
	if err != nil {
		return nil, err
	}
	if !known || what.Replace {
		deltas, err := r.addDeltas(ctx, what.Image, index, older(ctx, view, manifest, what.Deltas))
		if err != nil {
			return nil, err
		}
		targets[trust.DeltasName(manifest.DeviceType, manifest.Variant, manifest.Version)] = deltas
	}
	return manifest, r.sign.Update(ctx, targets)
}

// targets returns the files that describe a release, and names its index in manifest.
func (r *Repository) targets(manifest *release.Manifest, index *casync.Index) (map[string][]byte, error) {
	file, err := index.Bytes()
	if err != nil {
		return nil, err
	}
	name := trust.ManifestName(manifest.DeviceType, manifest.Variant, manifest.Version)
	manifest.Index = release.File{Path: strings.TrimSuffix(name, ".json") + ".caibx", Size: int64(len(file)), SHA256: hexSum(file)}
	data, err := manifest.Bytes()
	return map[string][]byte{name: data, manifest.Index.Path: file}, err
}

// addImage puts the chunks into the store, durably, and describes the image in manifest.
func (r *Repository) addImage(ctx context.Context, what Publication, manifest *release.Manifest) (*casync.Index, error) {
	image, err := os.Open(what.Image)
	if err != nil {
		return nil, fmt.Errorf("cannot read image: %w", err)
	}
	defer image.Close()
	hash := sha256.New()
	index, err := r.addChunks(ctx, io.TeeReader(image, hash), what.Made)
	if err != nil {
		return nil, fmt.Errorf("cannot add %s: %w", what.Image, err)
	}
	manifest.Image = release.File{Size: index.Size(), SHA256: hex.EncodeToString(hash.Sum(nil))}
	return index, nil
}

func (r *Repository) addChunks(ctx context.Context, image io.Reader, made *Made) (*casync.Index, error) {
	store, err := newStore(r)
	if err != nil {
		return nil, err
	}
	put := func(id casync.ID, data []byte) error { store.put(id, data, nil); return nil }
	var index *casync.Index
	if made == nil {
		index, err = casync.Make(ctx, image, casync.DefaultSizes(), put)
	} else {
		index, err = made.add(ctx, image, store)
	}
	return index, errors.Join(err, store.finish())
}

// checkNew refuses to give a version that devices may have other content, and says
// whether it is published already with this.
func (r *Repository) checkNew(ctx context.Context, view *trust.View, manifest *release.Manifest, replace bool) (known bool, err error) {
	old, err := view.Manifest(ctx, manifest.DeviceType, manifest.Variant, manifest.Version)
	if errors.Is(err, trust.ErrNoRelease) {
		return false, nil
	}
	if err == nil && old.Image == manifest.Image {
		return true, nil
	}
	if replace {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return false, fmt.Errorf("cannot publish %s: %w", manifest.Version, ErrPublished)
}

func (r *Repository) bootPath(file release.File) string {
	return r.path(filepath.FromSlash(trust.BootPath(file.SHA256)))
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
