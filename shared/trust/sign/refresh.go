package sign

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Refresh signs the timestamp anew, with the same content and a later expiry. It
// needs the key of the timestamp alone, so that the machine that does it every
// day has no other. See [Repository.Update] for what expires later.
func (r *Repository) Refresh(ctx context.Context) error {
	view, err := r.View(ctx)
	if err != nil {
		return err
	}
	root, err := r.currentRoot(view.Floor.Root)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(r.Dir, "metadata", "timestamp.json"))
	if err != nil {
		return fmt.Errorf("cannot refresh timestamp: %w", err)
	}
	timestamp, err := metadata.Timestamp().FromBytes(data)
	if err == nil {
		err = root.VerifyDelegate(metadata.TIMESTAMP, timestamp) // it may have changed since it was viewed
	}
	if err != nil {
		return fmt.Errorf("cannot refresh timestamp: %w", err)
	}
	timestamp.Signed.Version = view.Floor.Timestamp + 1
	timestamp.Signed.Expires = r.expiry(metadata.TIMESTAMP)
	if data, err = r.signed(metadata.TIMESTAMP, root, timestamp); err != nil {
		return err
	}
	return r.writeMetadata("timestamp.json", data)
}
