package purge

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"resinos.io/services/state-binder/internal/place"
)

// room is what a purged partition has free before anything is bound: the folders of
// every service, and what a first boot writes.
const room = 4 << 20

// MakeRoom deletes as much of what a purge took away as it takes for the boot to go
// on, and leaves the rest to [Sweep]: nothing, unless the partition was nearly full.
func MakeRoom(ctx context.Context, dir place.Dir) error {
	return makeRoom(ctx, dir, func() (uint64, error) {
		var s unix.Statfs_t
		err := unix.Statfs(string(dir), &s)
		return s.Bavail * uint64(s.Bsize), err
	})
}

func makeRoom(ctx context.Context, dir place.Dir, free func() (uint64, error)) error {
	if has, err := free(); err != nil || has >= room {
		return err
	}
	ctx, enough := context.WithCancel(ctx)
	defer enough()
	s := &sweep{ctx: ctx, report: func(Progress) {
		if has, err := free(); err == nil && has >= room {
			enough()
		}
	}}
	if err := s.trash(dir); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("cannot make room on %s: %w", dir, err)
	}
	return nil
}
