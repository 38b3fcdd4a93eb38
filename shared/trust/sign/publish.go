package sign

import (
	"context"
	"fmt"
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/trust"
)

// versions are those of the metadata that clients see now, 0 if there is none.
type versions struct{ targets, snapshot, timestamp int64 }

func versionsOf(floor trust.Floor) versions {
	return versions{floor.Targets, floor.Snapshot, floor.Timestamp}
}

// publish signs and writes the next targets, snapshot and timestamp. A run that
// was interrupted left files that no client was told of: they are written again.
func (r *Repository) publish(ctx context.Context, root *metadata.Metadata[metadata.RootType], now versions, all map[string]*metadata.TargetFiles) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	targets := metadata.Targets(r.expiry(metadata.TARGETS))
	targets.Signed.Version = now.targets + 1
	targets.Signed.Targets = all
	targetsData, err := r.signed(metadata.TARGETS, root, targets)
	if err != nil {
		return err
	}
	snapshot := metadata.Snapshot(r.expiry(metadata.SNAPSHOT))
	snapshot.Signed.Version = now.snapshot + 1
	snapshot.Signed.Meta["targets.json"] = described(now.targets+1, targetsData)
	snapshotData, err := r.signed(metadata.SNAPSHOT, root, snapshot)
	if err != nil {
		return err
	}
	timestamp := metadata.Timestamp(r.expiry(metadata.TIMESTAMP))
	timestamp.Signed.Version = now.timestamp + 1
	timestamp.Signed.Meta["snapshot.json"] = described(now.snapshot+1, snapshotData)
	timestampData, err := r.signed(metadata.TIMESTAMP, root, timestamp)
	if err != nil {
		return err
	}
	if err := r.writeMetadata(fmt.Sprintf("%d.targets.json", now.targets+1), targetsData); err != nil {
		return err
	}
	if err := r.writeMetadata(fmt.Sprintf("%d.snapshot.json", now.snapshot+1), snapshotData); err != nil {
		return err
	}
	return r.writeMetadata("timestamp.json", timestampData)
}

// described names a file by its version, size and hash.
func described(version int64, data []byte) *metadata.MetaFiles {
	file := metadata.MetaFile(version)
	file.Length = int64(len(data))
	file.Hashes = metadata.Hashes{"sha256": sum(data)}
	return file
}

// signable is any of the four kinds of metadata.
type signable interface {
	ToBytes(pretty bool) ([]byte, error)
	ClearSignatures()
}

// signed signs with all keys of role that are here, new ones that the root does
// not know yet included, and checks that root accepts it.
func (r *Repository) signed(role Role, root *metadata.Metadata[metadata.RootType], data signable) ([]byte, error) {
	keys, err := readKeys(r.Keys, role)
	if err != nil {
		return nil, err
	}
	data.ClearSignatures()
	known := 0
	for _, key := range keys {
		if err := signWith(data, key); err != nil {
			return nil, fmt.Errorf("cannot sign %s with %s: %w", role, key.path, err)
		}
		if slices.Contains(root.Signed.Roles[role].KeyIDs, key.id) {
			known++
		}
	}
	if need := root.Signed.Roles[role].Threshold; known < need {
		return nil, fmt.Errorf("cannot sign %s: %w: %d of the %d that are needed are in %s", role, ErrKeys, known, need, r.Keys)
	}
	if err := root.VerifyDelegate(role, data); err != nil {
		return nil, fmt.Errorf("cannot sign %s: %w", role, err)
	}
	return data.ToBytes(false)
}

func signWith(data signable, key key) error {
	var err error
	switch data := data.(type) {
	case *metadata.Metadata[metadata.RootType]:
		_, err = data.Sign(key.signer)
	case *metadata.Metadata[metadata.TargetsType]:
		_, err = data.Sign(key.signer)
	case *metadata.Metadata[metadata.SnapshotType]:
		_, err = data.Sign(key.signer)
	case *metadata.Metadata[metadata.TimestampType]:
		_, err = data.Sign(key.signer)
	}
	return err
}
