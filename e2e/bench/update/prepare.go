package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"resinos.io/image/repository"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
)

// The repositories that the server has.
const (
	plainRepo = "repo"
	deltaRepo = "repo-deltas"
)

// prepare makes what each method takes, once for the same images.
func (b *bench) prepare(ctx context.Context) error {
	if err := b.command(ctx, "go", "build", "-o", b.path("update-worker"), "./services/update-worker"); err != nil {
		return err
	}
	key, err := os.ReadFile(b.path("key"))
	if err != nil {
		return err
	}
	if err := errors.Join(b.rauc(ctx), b.boot(ctx)); err != nil {
		return err
	}
	if done, err := os.ReadFile(b.path("prepared")); err == nil && bytes.Equal(done, key) {
		return nil
	}
	if err := b.publish(ctx); err != nil {
		return err
	}
	return os.WriteFile(b.path("prepared"), key, 0o600)
}

func (b *bench) publish(ctx context.Context) error {
	for _, name := range []string{plainRepo, deltaRepo, "keys", "delta-keys"} {
		if err := os.RemoveAll(b.path(name)); err != nil {
			return err
		}
	}
	repo, err := repository.Open(b.path(plainRepo), b.path("keys"))
	if err != nil {
		return err
	}
	if err := repo.Create(ctx); err != nil {
		return err
	}
	for _, name := range []string{"before", "release", "hotfix"} {
		manifest, err := repo.Publish(ctx, repository.Publication{Image: b.image(name), Share: release.Everyone})
		if err != nil {
			return err
		}
		index := filepath.Join(b.path(plainRepo), filepath.FromSlash(trust.TargetPath(manifest.Index.Path, manifest.Index.SHA256)))
		if err := link(index, b.path(name+".caibx")); err != nil {
			return err
		}
		if err := os.WriteFile(b.path(name+".version"), []byte(manifest.Version.String()), 0o600); err != nil {
			return err
		}
		if name == "before" {
			continue
		}
		if err := b.command(ctx, "zstd", "-q", "-f", "-3", "-T0", b.image(name), "-o", b.path(name+".zst")); err != nil {
			return err
		}
		if err := b.bundle(ctx, name); err != nil {
			return err
		}
	}
	return b.publishDeltas(ctx)
}

// publishDeltas makes a second repository, which also has what is new as deltas.
func (b *bench) publishDeltas(ctx context.Context) error {
	for from, to := range map[string]string{plainRepo: deltaRepo, "keys": "delta-keys"} {
		if err := b.command(ctx, "cp", "-a", b.path(from), b.path(to)); err != nil {
			return err
		}
	}
	repo, err := repository.Open(b.path(deltaRepo), b.path("delta-keys"))
	if err != nil {
		return err
	}
	for _, name := range []string{"release", "hotfix"} {
		start := time.Now()
		what := repository.Publication{Image: b.image(name), Share: release.Everyone, Deltas: 1, Replace: true}
		if _, err := repo.Publish(ctx, what); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "update: %s: deltas made in %v\n", name, time.Since(start).Round(time.Second))
	}
	return nil
}

// boot makes the boot partition of a device that runs the old image, for our worker.
func (b *bench) boot(ctx context.Context) error {
	dir := b.path("boot")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	// rdump makes the folder, by its own last name, in the place that it is given.
	if err := b.command(ctx, "debugfs", "-R", "rdump /"+repository.BootTree+" "+b.dir, b.image("before")); err != nil {
		return err
	}
	_, err := os.Stat(dir) // debugfs succeeds whatever happens
	return err
}

// bundle makes a plain bundle of RAUC: the other formats need dm-verity and nbd of
// the kernel that measures. zstd, as everybody else here, and not its default gzip.
func (b *bench) bundle(ctx context.Context, name string) error {
	dir := b.path("rauc/" + name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755), os.Remove(b.path(name+".raucb"))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	manifest := "[update]\ncompatible=resinos\nversion=2\n[bundle]\nformat=plain\n[image.rootfs]\nfilename=root.img\n"
	if err := os.WriteFile(filepath.Join(dir, "manifest.raucm"), []byte(manifest), 0o600); err != nil {
		return err
	}
	if err := link(b.image(name), filepath.Join(dir, "root.img")); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "rauc", "--cert="+b.path("rauc/cert.pem"), "--key="+b.path("rauc/key.pem"),
		"--mksquashfs-args=-comp zstd -Xcompression-level 3 -no-progress", "bundle", dir, b.path(name+".raucb"))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot make bundle: %w: %s", err, out)
	}
	return nil
}

// rauc makes the configuration of its bus and, once, its certificate.
func (b *bench) rauc(ctx context.Context) error {
	if err := os.MkdirAll(b.path("rauc"), 0o755); err != nil {
		return err
	}
	bus := `<busconfig><type>system</type><listen>unix:path=` + b.path("rauc/bus") + `</listen><auth>EXTERNAL</auth>` +
		`<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`
	if err := os.WriteFile(b.path("rauc/bus.conf"), []byte(bus), 0o600); err != nil {
		return err
	}
	if _, err := os.Stat(b.path("rauc/cert.pem")); err == nil {
		return nil
	}
	command := exec.CommandContext(ctx, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=bench",
		"-keyout", b.path("rauc/key.pem"), "-out", b.path("rauc/cert.pem"))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cannot make certificate: %w: %s", err, out)
	}
	return nil
}

func link(from, to string) error {
	if err := os.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Link(from, to)
}
