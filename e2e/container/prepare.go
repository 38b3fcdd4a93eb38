package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
)

// ErrMissing is what is returned when something the container needs is not there.
var ErrMissing = errors.New("missing")

// unitDir is where the root has its units.
const unitDir = "/usr/lib/systemd/system"

// rootDir is where the image build leaves the variant's root; its boot partition is beside it.
func rootDir(build, variant string) string {
	return filepath.Join(build, "work", cmp.Or(variant, "development"), "root")
}

// prepare makes a container's directories in dir and keeps the image build out.
func prepare(ctx context.Context, dir string, opts Options) (*Container, error) {
	build, err := buildDir()
	if err != nil {
		return nil, err
	}
	root := rootDir(build, opts.Variant)
	if err := check(root); err != nil {
		return nil, err
	}
	c := &Container{
		Boot: filepath.Join(dir, "boot"), State: filepath.Join(dir, "state"), Data: filepath.Join(dir, "data"),
		console: filepath.Join(dir, "console.log"), root: root, engine: opts.Engine,
	}
	if c.lock, err = lock(filepath.Join(build, ".lock")); err != nil {
		return nil, err
	}
	units := filepath.Join(dir, "units")
	err = errors.Join(
		os.Mkdir(c.State, 0o755), os.Mkdir(c.Data, 0o755),
		os.CopyFS(c.Boot, os.DirFS(filepath.Join(filepath.Dir(root), "boot"))),
		copyUnits(ctx, root+unitDir, units),
	)
	if err == nil {
		err = errors.Join(putFiles(c.Boot, opts.Boot), putFiles(c.Data, opts.Data), putUnits(units, opts.Units))
	}
	if opts.WithoutState {
		c.State = ""
	}
	if opts.WithoutData {
		c.Data = ""
	}
	if err != nil {
		c.lock.Close()
		return nil, fmt.Errorf("cannot prepare the container: %w", err)
	}
	return c, nil
}

func check(root string) error {
	if os.Getuid() != 0 {
		return fmt.Errorf("%w: root: make test-container needs it", ErrMissing)
	}
	if _, err := exec.LookPath("systemd-nspawn"); err != nil {
		return fmt.Errorf("%w: systemd-nspawn: make host installs it", ErrMissing)
	}
	if _, err := os.Stat(root); err != nil {
		return fmt.Errorf("%w: %s: make images builds it", ErrMissing, root)
	}
	return nil
}

// lock takes the image build's lock, shared, until the file is closed.
func lock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open the build's lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH); err != nil {
		file.Close()
		return nil, fmt.Errorf("cannot take the build's lock: %w", err)
	}
	return file, nil
}

// copyUnits copies the root's units without those that mount partitions: here
// these are directories. A masked one would take the binds that need it with it.
func copyUnits(ctx context.Context, from, to string) error {
	if out, err := exec.CommandContext(ctx, "cp", "-a", from, to).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot copy the units: %w: %s", err, out)
	}
	for _, partition := range []string{"boot", "state", "data"} {
		if err := os.Remove(filepath.Join(to, "mnt-"+partition+".mount")); err != nil {
			return err
		}
	}
	return nil
}

func putFiles(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) { // a path before what lies in it
		path, content := filepath.Join(dir, name), files[name]
		if content == nil {
			if err := os.Remove(path); err != nil {
				return err
			}
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o600)); err != nil {
			return err
		}
	}
	return nil
}

func putUnits(dir string, units map[string][]byte) error {
	for name, content := range units {
		path := filepath.Join(dir, name)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if content == nil {
			err = errors.Join(err, os.Symlink("/dev/null", path))
		} else {
			err = errors.Join(err, os.WriteFile(path, content, 0o644))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// buildDir returns build/ of the checkout the test runs in.
func buildDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("cannot find the checkout: %w", err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return filepath.Join(dir, "build"), nil
		}
	}
	return "", fmt.Errorf("%w: go.work in no folder above the test", ErrMissing)
}
