package repository

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/shared/casync"
	"resinos.io/shared/trust"
	"resinos.io/shared/trust/sign"
)

// A Repository is one folder of files, and the keys to change it.
type Repository struct{ sign *sign.Repository }

// Open returns the repository in dir whose keys are in the folder keys. Neither
// has to be there yet: see [Repository.Create].
func Open(dir, keys string) (*Repository, error) {
	policy, err := readPolicy(keys)
	if err != nil {
		return nil, err
	}
	return &Repository{&sign.Repository{Dir: dir, Keys: keys, Now: time.Now, Policy: policy}}, nil
}

// Dir returns the folder of the repository.
func (r *Repository) Dir() string { return r.sign.Dir }

// RootFile returns the file that images ship, so that devices know the keys.
func (r *Repository) RootFile() string { return r.sign.RootFile() }

// Create makes keys and an empty repository. It refuses where keys are already.
func (r *Repository) Create(ctx context.Context) error {
	return r.locked(func() error { return r.sign.Create(ctx) })
}

// Refresh makes the timestamp valid for longer; with all, whatever expires and
// whose keys are here, the root excepted.
func (r *Repository) Refresh(ctx context.Context, all bool) error {
	return r.locked(func() error {
		if all {
			return r.sign.Update(ctx, nil)
		}
		return r.sign.Refresh(ctx)
	})
}

// Rotate replaces the keys of a role, see [sign.Repository.Rotate].
func (r *Repository) Rotate(ctx context.Context, role sign.Role) error {
	return r.locked(func() error { return r.sign.Rotate(ctx, role) })
}

// RenewRoot makes the root valid for longer.
func (r *Repository) RenewRoot(ctx context.Context) error {
	return r.locked(func() error { return r.sign.RenewRoot(ctx) })
}

// Floor returns what an image may ship, so that a device whose memory was wiped
// is not told of an older repository than this.
func (r *Repository) Floor(ctx context.Context) (trust.Floor, error) {
	view, err := r.sign.View(ctx)
	if err != nil {
		return trust.Floor{}, err
	}
	view.Floor.Seen = r.sign.Now().UTC().Truncate(time.Second)
	return view.Floor, nil
}

// locked runs change while nobody else changes the repository: the lock is on
// the keys, without which there is no change.
func (r *Repository) locked(change func() error) error {
	if err := os.MkdirAll(r.sign.Keys, 0o700); err != nil {
		return fmt.Errorf("cannot lock repository: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(r.sign.Keys, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("cannot lock repository: %w", err)
	}
	defer file.Close()
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = ErrBusy
	}
	if err != nil {
		return fmt.Errorf("cannot lock %s: %w", r.sign.Keys, err)
	}
	return change()
}

func (r *Repository) path(parts ...string) string {
	return filepath.Join(append([]string{r.sign.Dir}, parts...)...)
}

func (r *Repository) chunkPath(id casync.ID) string {
	return r.path(trust.ChunkStore, filepath.FromSlash(casync.Path(id)))
}

func (r *Repository) deltaPath(id, base casync.ID) string {
	return r.path(trust.ChunkStore, filepath.FromSlash(casync.DeltaPath(id, base)))
}
