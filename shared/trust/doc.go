// Package trust decides which metadata of an update repository may be believed.
// It follows the client workflow of The Update Framework 1.0 (section 5), with
// the verification of go-tuf, and reads a repository through any [Fetcher].
//
// It promises that what [Client.Refresh] returns is signed by enough keys of the
// role, not expired, and not older than anything this device has accepted
// before, also when power was cut while it was stored or the store was emptied
// down to what the image ships ([Options.Least]). What it keeps is written with
// shared/atomicfile; a damaged file is fetched again, never a reason to stop.
//
// It does not promise that the repository is reachable, nor that the clock is
// right: the caller's clock counts, but never less than the times that were seen
// before and [Options.Least]. It uses one Client at a time per directory.
//
// A repository has metadata/N.root.json, metadata/timestamp.json,
// metadata/N.snapshot.json, metadata/N.targets.json, and targets/ with
// DIRECTORY/SHA256.NAME (consistent snapshots): the manifests of
// releases, their indexes and, if they have any, tables of deltas. Delegations are not followed. What is named by its hash there is
// beside them: [ChunkStore] is a store for casync, desync and us, [BootPath] has
// the files of the boot partition.
package trust

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var (
	// ErrExpired is wrapped when metadata is too old to be believed.
	ErrExpired = errors.New("the update metadata has expired")
	// ErrReplayed is wrapped when metadata is older than what was accepted before.
	ErrReplayed = errors.New("the update metadata is older than known")
	// ErrSignature is wrapped when metadata is not signed by enough keys of its role.
	ErrSignature = errors.New("the update metadata is not signed by those it must be signed by")
	// ErrMetadata is wrapped when metadata makes no sense, or its parts do not match each other.
	ErrMetadata = errors.New("bad update metadata")
	// ErrNotFound is what a [Fetcher] wraps when the repository does not have a file.
	ErrNotFound = errors.New("not in the repository")
	// ErrPulled is wrapped when a release was withdrawn.
	ErrPulled = errors.New("the release was withdrawn")
	// ErrNoRelease is wrapped when no release is as asked for.
	ErrNoRelease = errors.New("no such release")
)

// A Fetcher reads the file at path, relative to the repository's top and with
// slashes. It returns at most limit bytes and fails if there are more. A file that
// is not there is [ErrNotFound]; any other error is passed on as it is.
type Fetcher interface {
	Fetch(ctx context.Context, path string, limit int64) ([]byte, error)
}

// Limits of the parts, in bytes.
const (
	maxRoot      = 512 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 2 << 20
	maxTargets   = 5 << 20
	maxRotations = 256 // root versions in one refresh
)

// Options say what a Client trusts from the start.
type Options struct {
	Root    []byte // the root.json that came with the image
	Dir     string // where it keeps what it has verified; must exist
	Fetcher Fetcher
	Now     func() time.Time
	Least   Floor // what the image knows already, for a device whose Dir is empty
}

// named gives an error of go-tuf one of the names above.
func named(what string, err error) error {
	name := ErrMetadata
	switch {
	case err == nil:
		return nil
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		name = ErrExpired
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		name = ErrSignature
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		name = ErrReplayed
	}
	return fmt.Errorf("cannot trust %s: %w: %w", what, name, err)
}
