package sign

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

func sum(data []byte) []byte {
	hash := sha256.Sum256(data)
	return hash[:]
}

// Rotate replaces the keys of role, of the root's the oldest one only, so that
// the others still vouch for it. Clients follow at any moment of it: what is
// online is signed with old and new keys before the new root is published. The
// old keys are moved to the folder retired.
func (r *Repository) Rotate(ctx context.Context, role Role) error {
	view, err := r.View(ctx)
	if err != nil {
		return err
	}
	root, err := r.currentRoot(view.Floor.Root)
	if err != nil {
		return err
	}
	old, err := readKeys(r.Keys, role)
	if err != nil {
		return err
	}
	// A key that the root does not know is left from a rotation that was interrupted.
	old = slices.DeleteFunc(old, func(k key) bool { return !slices.Contains(root.Signed.Roles[role].KeyIDs, k.id) })
	if role == metadata.ROOT && len(old) > 0 {
		old = old[:1]
	}
	if len(old) == 0 {
		return fmt.Errorf("cannot rotate %s: %w: none in %s", role, ErrKeys, r.Keys)
	}
	next, err := r.currentRoot(view.Floor.Root)
	if err != nil {
		return err
	}
	if err := r.exchange(next, role, old); err != nil {
		return fmt.Errorf("cannot rotate %s: %w", role, err)
	}
	if role != metadata.ROOT {
		if err := r.publish(ctx, root, versionsOf(view.Floor), view.Targets()); err != nil {
			return err
		}
	}
	return r.publishRoot(root, next, old)
}

// exchange puts new keys in the place of old ones.
func (r *Repository) exchange(next *metadata.Metadata[metadata.RootType], role Role, old []key) error {
	for _, key := range old {
		made, err := makeKey(r.Keys, role)
		if err != nil {
			return err
		}
		if err := next.Signed.AddKey(made.public, role); err != nil {
			return err
		}
		if err := next.Signed.RevokeKey(key.id, role); err != nil {
			return err
		}
	}
	return nil
}

// RenewRoot publishes the root once more, with a later expiry.
func (r *Repository) RenewRoot(ctx context.Context) error {
	view, err := r.View(ctx)
	if err != nil {
		return err
	}
	root, err := r.currentRoot(view.Floor.Root)
	if err != nil {
		return err
	}
	next, err := r.currentRoot(view.Floor.Root)
	if err != nil {
		return err
	}
	return r.publishRoot(root, next, nil)
}

// publishRoot signs next with old and new keys of the root, as both versions
// must accept it, and then puts the old ones away.
func (r *Repository) publishRoot(root, next *metadata.Metadata[metadata.RootType], old []key) error {
	next.Signed.Version = root.Signed.Version + 1
	next.Signed.Expires = r.expiry(metadata.ROOT)
	data, err := r.signed(metadata.ROOT, root, next)
	if err != nil {
		return err
	}
	if err := next.VerifyDelegate(metadata.ROOT, next); err != nil {
		return fmt.Errorf("cannot sign root: %w", err)
	}
	if err := r.writeMetadata(fmt.Sprintf("%d.root.json", next.Signed.Version), data); err != nil {
		return err
	}
	for _, key := range old {
		if err := key.retire(); err != nil {
			return err
		}
	}
	return nil
}
