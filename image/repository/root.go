package repository

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"resinos.io/shared/release"
)

// BootTree is the folder of a root whose files an update puts on the boot
// partition, at the same paths.
const BootTree = "usr/lib/resinos/boot"

// describe reads from an ext2, ext3 or ext4 image what system it is. debugfs of
// e2fsprogs reads it without a mount, so publishing needs no root.
func describe(ctx context.Context, image string) (release.System, error) {
	data, err := debugfs(ctx, image, "cat /"+release.OSRelease)
	if err != nil {
		return release.System{}, err
	}
	if len(data) == 0 {
		return release.System{}, fmt.Errorf("cannot publish %s: %w: /%s is not in it", image, ErrImage, release.OSRelease)
	}
	system, err := release.ParseSystem(data)
	if err != nil {
		return release.System{}, fmt.Errorf("cannot publish %s: %w: %w", image, ErrImage, err)
	}
	return system, nil
}

// bootTree copies the boot files of an image into the folder dir and returns
// their place there. A root without any has none.
func bootTree(ctx context.Context, image, dir string) (string, error) {
	if _, err := debugfs(ctx, image, fmt.Sprintf("rdump /%s %s", BootTree, dir)); err != nil {
		return "", err
	}
	tree := filepath.Join(dir, filepath.Base(BootTree))
	return tree, os.MkdirAll(tree, 0o700)
}

func debugfs(ctx context.Context, image, request string) ([]byte, error) {
	command := exec.CommandContext(ctx, "debugfs", "-R", request, image)
	command.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin", "DEBUGFS_PAGER=cat", "LC_ALL=C")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("cannot read %s with debugfs (of e2fsprogs): %w: %s", image, err, errs.Bytes())
	}
	if bytes.Contains(errs.Bytes(), []byte("while trying to open")) || bytes.Contains(errs.Bytes(), []byte("Filesystem not open")) {
		return nil, fmt.Errorf("cannot read %s: %w: %s", image, ErrImage, bytes.TrimSpace(errs.Bytes()))
	}
	return out.Bytes(), nil
}

// addBoot puts the files below tree into the repository and describes them.
func (r *Repository) addBoot(tree string) ([]release.File, error) {
	var files []release.File
	below := os.DirFS(tree)
	err := fs.WalkDir(below, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is no regular file", name)
		}
		data, err := fs.ReadFile(below, name)
		if err != nil {
			return err
		}
		file := release.File{Path: name, Size: int64(len(data)), SHA256: hexSum(data)}
		files = append(files, file)
		return r.writeLater(r.bootPath(file), data)
	})
	if err != nil {
		return nil, fmt.Errorf("cannot add boot files: %w", err)
	}
	return files, nil
}
