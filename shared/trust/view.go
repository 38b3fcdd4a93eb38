package trust

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/release"
)

// A View is what verified metadata says.
type View struct {
	Floor   Floor // what the metadata was, for the image of the next release
	fetcher Fetcher
	targets map[string]*metadata.TargetFiles
}

// Targets returns all that the metadata names. It must not be changed.
func (v *View) Targets() map[string]*metadata.TargetFiles { return v.targets }

// ManifestName returns the target that describes a release.
func ManifestName(deviceType, variant string, version release.Version) string {
	return path.Join(deviceType, variant, version.String()+".json")
}

// DeltasName returns the target with the table of deltas of a release, which need
// not be there: see shared/casync.
func DeltasName(deviceType, variant string, version release.Version) string {
	return path.Join(deviceType, variant, version.String()+".deltas")
}

// Versions returns the releases for a device type and variant, newest first,
// those that were withdrawn included.
func (v *View) Versions(deviceType, variant string) []release.Version {
	var found []release.Version
	for name := range maps.Keys(v.targets) {
		base, isJSON := strings.CutSuffix(path.Base(name), ".json")
		version, err := release.ParseVersion(base)
		if isJSON && err == nil && name == ManifestName(deviceType, variant, version) {
			found = append(found, version)
		}
	}
	slices.SortFunc(found, func(a, b release.Version) int { return b.Compare(a) })
	return found
}

// Manifest fetches the manifest of a release: [ErrNoRelease] if there is none. It
// says nothing about whether this device may install it; see [View.Newest].
func (v *View) Manifest(ctx context.Context, deviceType, variant string, version release.Version) (*release.Manifest, error) {
	name := ManifestName(deviceType, variant, version)
	if v.targets[name] == nil {
		return nil, fmt.Errorf("%w: %s for %s, %s", ErrNoRelease, version, deviceType, variant)
	}
	data, err := v.Target(ctx, name, release.MaxManifest)
	if err != nil {
		return nil, err
	}
	manifest, err := release.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, err)
	}
	if ManifestName(manifest.DeviceType, manifest.Variant, manifest.Version) != name {
		return nil, fmt.Errorf("cannot use %s: %w: it describes %s for %s, %s", name, release.ErrManifest, manifest.Version, manifest.DeviceType, manifest.Variant)
	}
	if index := v.targets[manifest.Index.Path]; index == nil || index.Length != manifest.Index.Size {
		return nil, fmt.Errorf("cannot use %s: %w: its index is not in the metadata", name, ErrMetadata)
	}
	return manifest, nil
}

// A Device is what decides which releases are for it.
type Device struct {
	Type, Variant, Channel, UUID string
	Version                      release.Version // what it runs
}

// Newest returns the newest release that is newer than the device's own, of its
// channel, not withdrawn, whose roll-out has reached it: [ErrNoRelease] if there
// is none. A release that it is too old for is passed over.
func (v *View) Newest(ctx context.Context, device Device) (*release.Manifest, error) {
	for _, version := range v.Versions(device.Type, device.Variant) {
		if version.Compare(device.Version) <= 0 {
			break
		}
		manifest, err := v.Manifest(ctx, device.Type, device.Variant, version)
		if err != nil {
			return nil, err
		}
		tooOld := manifest.MinVersion != nil && device.Version.Compare(*manifest.MinVersion) < 0
		if !tooOld && manifest.Channel == device.Channel && manifest.Reached(device.UUID) {
			return manifest, nil
		}
	}
	return nil, fmt.Errorf("%w: none newer than %s for this device", ErrNoRelease, device.Version)
}

// Exact returns the release that was asked for by version: [ErrPulled] if it was
// withdrawn. Its roll-out does not count.
func (v *View) Exact(ctx context.Context, device Device, version release.Version) (*release.Manifest, error) {
	manifest, err := v.Manifest(ctx, device.Type, device.Variant, version)
	if err == nil && manifest.Rollout.Pulled {
		return nil, fmt.Errorf("%w: %s", ErrPulled, version)
	}
	return manifest, err
}

// Target fetches a target of at most limit bytes and verifies it.
func (v *View) Target(ctx context.Context, name string, limit int64) ([]byte, error) {
	target := v.targets[name]
	if target == nil {
		return nil, fmt.Errorf("cannot fetch %s: %w: the metadata does not name it", name, ErrMetadata)
	}
	hash := target.Hashes["sha256"].String()
	if hash == "" || target.Length > limit {
		return nil, fmt.Errorf("cannot fetch %s: %w: no SHA-256, or more than %d bytes", name, ErrMetadata, limit)
	}
	data, err := v.fetcher.Fetch(ctx, TargetPath(name, hash), target.Length)
	if err != nil {
		return nil, fmt.Errorf("cannot fetch %s: %w", name, err)
	}
	return data, named(name, target.VerifyLengthHashes(data))
}

// TargetPath returns where a repository keeps a target.
func TargetPath(name, hash string) string {
	return path.Join("targets", path.Dir(name), hash+"."+path.Base(name))
}

// ChunkStore is where a repository keeps the chunks of all its indexes, relative
// to its top.
const ChunkStore = "chunks"

// BootPath returns where a repository keeps a file of the boot partition, given
// the SHA-256 from the manifest in hexadecimal.
func BootPath(hash string) string { return path.Join("boot", hash) }
