// Package release describes a release of the system: the manifest that the
// release tool signs and the updater obeys, the order of versions, and which
// devices a staged roll-out has reached.
//
// A manifest says nothing about who made it: trust in its bytes comes from the
// signed metadata that names their hash. [Parse] is strict all the same. It
// accepts no unknown or repeated member and no value that it cannot use, so what
// a program does not understand it does not install.
package release

import "errors"

var (
	// ErrManifest is wrapped when a manifest cannot be used.
	ErrManifest = errors.New("bad manifest")
	// ErrVersion is wrapped when a text is no version.
	ErrVersion = errors.New("bad version")
)

// Format is the format of manifests that this package reads and writes.
const Format = 1

// Limits, so that a manifest is never the reason why memory or a disk is full.
const (
	MaxManifest  = 64 << 10 // bytes of a manifest
	MaxImage     = 1 << 40  // bytes of an image
	MaxBootFile  = 64 << 20 // bytes of a boot file
	MaxBootFiles = 256
)

// Everyone is the share of a roll-out that has reached all devices.
const Everyone = 10_000

// A Manifest describes one release for one device type and variant.
type Manifest struct {
	Format     int      `json:"format"`               // 1
	Version    Version  `json:"version"`              // what the image is
	MinVersion *Version `json:"minVersion,omitempty"` // the oldest that can be updated to it; absent: any
	DeviceType string   `json:"deviceType"`           // "qemux86-64", as in the system's own description
	Variant    string   `json:"variant"`              // "production", "development", …
	Channel    string   `json:"channel"`              // "stable" unless it was published for others
	Image      File     `json:"image"`                // the root file system; no path
	Index      File     `json:"index"`                // the casync index, a target of the same metadata
	Boot       []File   `json:"boot"`                 // files of the boot partition, paths below its top
	Rollout    Rollout  `json:"rollout"`
}

// A File is a size in bytes and a lower-case hexadecimal SHA-256, with a path
// where one is needed: relative, with slashes.
type File struct {
	Path   string `json:"path,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// A Rollout says who may install a release without asking for it by version.
type Rollout struct {
	Share  int  `json:"share"`            // ten-thousandths of all devices, 0 to 10000
	Pulled bool `json:"pulled,omitempty"` // withdrawn: nobody installs it
}
