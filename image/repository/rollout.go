package repository

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// A Selection says which releases are meant. Empty texts mean any.
type Selection struct {
	Version             release.Version
	DeviceType, Variant string
}

func (s Selection) has(m *release.Manifest) bool {
	return m.Version == s.Version && (s.DeviceType == "" || s.DeviceType == m.DeviceType) && (s.Variant == "" || s.Variant == m.Variant)
}

// Rollout changes who gets the releases that are selected, and returns them:
// [trust.ErrNoRelease] if there is none.
func (r *Repository) Rollout(ctx context.Context, which Selection, rollout release.Rollout) ([]*release.Manifest, error) {
	var changed []*release.Manifest
	err := r.locked(func() error {
		view, err := r.sign.View(ctx)
		if err != nil {
			return err
		}
		all, err := manifests(ctx, view)
		if err != nil {
			return err
		}
		targets := map[string][]byte{}
		for _, manifest := range all {
			if !which.has(manifest) {
				continue
			}
			manifest.Rollout = rollout
			data, err := manifest.Bytes()
			if err != nil {
				return err
			}
			targets[trust.ManifestName(manifest.DeviceType, manifest.Variant, manifest.Version)] = data
			changed = append(changed, manifest)
		}
		if len(changed) == 0 {
			return fmt.Errorf("cannot change roll-out of %s: %w", which.Version, trust.ErrNoRelease)
		}
		return r.sign.Update(ctx, targets)
	})
	return changed, err
}

// List returns what is published: by device type and variant, newest first.
func (r *Repository) List(ctx context.Context) ([]*release.Manifest, error) {
	view, err := r.sign.View(ctx)
	if err != nil {
		return nil, err
	}
	return manifests(ctx, view)
}

// manifests returns all that view names.
func manifests(ctx context.Context, view *trust.View) ([]*release.Manifest, error) {
	var all []*release.Manifest
	for _, kind := range kinds(view) {
		for _, version := range view.Versions(kind[0], kind[1]) {
			manifest, err := view.Manifest(ctx, kind[0], kind[1], version)
			if err != nil {
				return nil, err
			}
			all = append(all, manifest)
		}
	}
	return all, nil
}

// kinds returns the pairs of device type and variant for which there are targets.
func kinds(view *trust.View) [][2]string {
	var found [][2]string
	for name := range view.Targets() {
		if parts := strings.Split(path.Dir(name), "/"); len(parts) == 2 {
			found = append(found, [2]string(parts))
		}
	}
	slices.SortFunc(found, func(a, b [2]string) int { return slices.Compare(a[:], b[:]) })
	return slices.Compact(found)
}
