package work

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"resinos.io/services/update-worker/internal/engine"
	"resinos.io/services/update-worker/internal/fetch"
	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

// Named returns err as it is told to the updater.
func Named(err error) *updatework.Error {
	name := updatework.Failed
	for _, entry := range names() {
		if errors.Is(err, entry.is) {
			name = entry.name
			break
		}
	}
	return &updatework.Error{Name: name, Message: err.Error()}
}

type named struct {
	is   error
	name string
}

// names is the table of errors; the first that matches decides.
func names() []named {
	return []named{
		{context.Canceled, updatework.Cancelled},
		{trust.ErrExpired, updatework.Expired},
		{trust.ErrReplayed, updatework.Replayed},
		{trust.ErrSignature, updatework.Untrusted},
		{trust.ErrMetadata, updatework.Untrusted},
		{engine.ErrContent, updatework.Untrusted},
		{casync.ErrIndex, updatework.Untrusted},
		{release.ErrManifest, updatework.Untrusted},
		{errDevice, updatework.WrongDevice},
		{errTooOld, updatework.TooOld},
		{errDowngrade, updatework.Downgrade},
		{errSpace, updatework.NotEnoughSpace},
		{engine.ErrTooLarge, updatework.TooLarge},
		{engine.ErrMetered, updatework.NotYet},
		{errNotYet, updatework.NotYet},
		{trust.ErrNoRelease, updatework.NoRelease},
		{trust.ErrPulled, updatework.NoRelease},
		{fetch.ErrUnreachable, updatework.Unreachable},
		{trust.ErrNotFound, updatework.Unreachable},
	}
}

func verify(data []byte, file release.File) error {
	sum := sha256.Sum256(data)
	if int64(len(data)) != file.Size || hex.EncodeToString(sum[:]) != file.SHA256 {
		return fmt.Errorf("%w: %s", engine.ErrContent, file.Path)
	}
	return nil
}
