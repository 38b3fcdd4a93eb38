package sign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/trust"
)

// A Repository is a folder of files for a web server, and the keys to change it.
type Repository struct {
	Dir, Keys string
	Now       func() time.Time
	Policy    func(Role) Policy
	// Writing, if it is set, is told the path of every file of the repository
	// just before it is written.
	Writing func(path string)
}

// RootFile returns the root that images ship.
func (r *Repository) RootFile() string { return filepath.Join(r.Keys, "root.json") }

// Create makes the keys and an empty repository. It refuses a folder of keys that
// has any: they may be the only ones that devices trust.
func (r *Repository) Create(ctx context.Context) error {
	if err := os.MkdirAll(r.Keys, 0o700); err != nil {
		return fmt.Errorf("cannot make keys: %w", err)
	}
	root := metadata.Root(r.expiry(metadata.ROOT))
	root.Signed.ConsistentSnapshot = true
	for _, role := range Roles() {
		if err := r.createRole(root, role); err != nil {
			return fmt.Errorf("cannot make keys: %w", err)
		}
	}
	data, err := r.signed(metadata.ROOT, root, root)
	if err != nil {
		return err
	}
	if err := r.writeMetadata("1.root.json", data); err != nil {
		return err
	}
	if err := r.publish(ctx, root, versions{}, map[string]*metadata.TargetFiles{}); err != nil {
		return err
	}
	return atomicfile.Write(r.RootFile(), data, 0o644)
}

func (r *Repository) createRole(root *metadata.Metadata[metadata.RootType], role Role) error {
	policy := r.Policy(role)
	if keys, err := readKeys(r.Keys, role); err != nil || len(keys) > 0 {
		return errors.Join(fmt.Errorf("%w: %s has some for %s already", ErrKeys, r.Keys, role), err)
	}
	for range policy.Keys {
		made, err := makeKey(r.Keys, role)
		if err != nil {
			return err
		}
		if err := root.Signed.AddKey(made.public, role); err != nil {
			return err
		}
	}
	root.Signed.Roles[role].Threshold = policy.Threshold
	return nil
}

func (r *Repository) expiry(role Role) time.Time {
	return r.Now().UTC().Add(r.Policy(role).Valid).Truncate(time.Second)
}

// View returns what the repository says now, verified except for its age. A
// repository that is older than what these keys were last used for is
// [trust.ErrReplayed]: whoever put it there would have the keys vouch for it.
func (r *Repository) View(ctx context.Context) (*trust.View, error) {
	root, err := os.ReadFile(r.RootFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is not there", ErrNoRepository, r.RootFile())
	}
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(r.Keys, "known")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot read repository: %w", err)
	}
	return trust.New(trust.Options{Root: root, Dir: dir, Fetcher: trust.Dir(r.Dir), Now: func() time.Time { return time.Time{} }}).Refresh(ctx)
}

// currentRoot returns the newest root, which view has verified.
func (r *Repository) currentRoot(version int64) (*metadata.Metadata[metadata.RootType], error) {
	root, err := metadata.Root().FromFile(filepath.Join(r.Dir, "metadata", fmt.Sprintf("%d.root.json", version)))
	if err != nil {
		return nil, fmt.Errorf("cannot read root: %w", err)
	}
	return root, nil
}

// Update adds and replaces targets, takes away those that are nil, and publishes.
// With no targets it renews what expires.
func (r *Repository) Update(ctx context.Context, targets map[string][]byte) error {
	view, err := r.View(ctx)
	if err != nil {
		return err
	}
	root, err := r.currentRoot(view.Floor.Root)
	if err != nil {
		return err
	}
	all := maps.Clone(view.Targets())
	for name, data := range targets {
		if data == nil {
			delete(all, name)
			continue
		}
		if all[name], err = r.writeTarget(name, data); err != nil {
			return err
		}
	}
	return r.publish(ctx, root, versionsOf(view.Floor), all)
}

func (r *Repository) writeTarget(name string, data []byte) (*metadata.TargetFiles, error) {
	target, err := metadata.TargetFile().FromBytes(name, data, "sha256")
	if err != nil {
		return nil, fmt.Errorf("cannot add %s: %w", name, err)
	}
	path := filepath.Join(r.Dir, filepath.FromSlash(trust.TargetPath(name, target.Hashes["sha256"].String())))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("cannot add %s: %w", name, err)
	}
	return target, r.write(path, data)
}

func (r *Repository) writeMetadata(name string, data []byte) error {
	dir := filepath.Join(r.Dir, "metadata")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("cannot write metadata: %w", err)
	}
	return r.write(filepath.Join(dir, name), data)
}

func (r *Repository) write(path string, data []byte) error {
	if r.Writing != nil {
		r.Writing(path)
	}
	return atomicfile.Write(path, data, 0o644)
}
