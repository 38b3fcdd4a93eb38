//go:build vm

package update

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/cache"
	"resinos.io/image/repository"
	"resinos.io/shared/release"
)

const (
	// guestHost is this machine as a guest in QEMU's user network sees it.
	guestHost = "10.0.2.2"
	// publishTime is for one release; the first of an image compresses all of it.
	publishTime = 15 * time.Minute
)

// site is an update repository that the guest reaches at url. It has the release
// that the image is.
type site struct {
	repo   *repository.Repository
	url    string
	dir    string
	base   *release.Manifest       // of the image
	images map[string]release.File // what a slot has when it has a version
}

// newSite copies the base repository and serves the copy.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), images: map[string]release.File{}}
	base, err := filepath.Abs(filepath.Join(build, "e2e-repo"))
	if err != nil {
		t.Fatal(err)
	}
	if err := publishBase(t, base); err != nil {
		t.Fatal(err)
	}
	run(t, "cp", "-a", filepath.Join(base, "repo"), filepath.Join(base, "keys"), s.dir)
	if s.repo, err = repository.Open(filepath.Join(s.dir, "repo"), filepath.Join(s.dir, "keys")); err != nil {
		t.Fatal(err)
	}
	s.url = fmt.Sprintf("http://%s:%d", guestHost, serve(t, s.repo.Dir(), "127.0.0.1").port)
	s.base = s.add(t, imageRoot(), true)
	return s
}

// imageRoot is the file system of the image's slot A.
func imageRoot() string { return filepath.Join(build, "work/development/resin-rootA.img") }

// publishBase makes the repository base with the image as its one release, with the
// keys that the image trusts, unless that was done: compressing a whole image takes a
// minute, and each test needs it. Another image with the same keys finds most of its
// chunks there already.
func publishBase(t *testing.T, base string) error {
	t.Helper()
	lock, err := cache.Lock(base)
	if err != nil {
		return err
	}
	defer lock.Close()
	info, err := os.Stat(imageRoot())
	if err != nil {
		return fmt.Errorf("no image, run make image: %w", err)
	}
	began, err := beginBase(t, base)
	if err != nil {
		return err
	}
	keyFile := filepath.Join(base, "key")
	key := fmt.Sprint(info.ModTime().UnixNano())
	if have, err := os.ReadFile(keyFile); err == nil && string(have) == key && !began {
		return nil
	}
	repo, err := repository.Open(filepath.Join(base, "repo"), filepath.Join(base, "keys"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), publishTime)
	defer cancel()
	if _, err := repo.Publish(ctx, repository.Publication{Image: imageRoot(), Replace: true}); err != nil {
		return err
	}
	if _, err := repo.Prune(ctx, 1, time.Now()); err != nil {
		return err
	}
	return os.WriteFile(keyFile, []byte(key), 0o600)
}

// beginBase begins a repository with the keys that the image trusts, unless the one
// that is there has them.
func beginBase(t *testing.T, base string) (began bool, err error) {
	trusted, err := os.ReadFile(filepath.Join(build, "keys/root.json"))
	if err != nil {
		return false, err
	}
	if have, err := os.ReadFile(filepath.Join(base, "keys/root.json")); err == nil && bytes.Equal(have, trusted) {
		return false, nil
	}
	run(t, "rm", "-rf", filepath.Join(base, "repo"), filepath.Join(base, "keys"))
	run(t, "mkdir", filepath.Join(base, "repo"))
	run(t, "cp", "-a", filepath.Join(build, "repo/metadata"), filepath.Join(base, "repo"))
	// With their modes: a key that others may read is refused.
	run(t, "cp", "-a", filepath.Join(build, "keys"), base)
	return true, nil
}

// publish publishes the image's root under another version and with other files:
// path in the root -> content; a script is executable.
func (s *site) publish(t *testing.T, version string, files map[string]string) {
	t.Helper()
	root := filepath.Join(s.dir, "root.img")
	run(t, "cp", "--sparse=always", imageRoot(), root)
	text, err := os.ReadFile(filepath.Join(build, "work/development/root/usr/lib/os-release"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "IMAGE_VERSION=") {
			lines[i] = "IMAGE_VERSION=" + version
		}
	}
	s.put(t, root, "/usr/lib/os-release", strings.Join(lines, "\n"))
	for path, content := range files {
		s.put(t, root, path, content)
	}
	s.add(t, root, false)
}

func (s *site) add(t *testing.T, root string, replace bool) *release.Manifest {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), publishTime)
	defer cancel()
	manifest, err := s.repo.Publish(ctx, repository.Publication{Image: root, Deltas: 1, Replace: replace})
	if err != nil {
		t.Fatal(err)
	}
	s.images[manifest.Version.String()] = manifest.Image
	return manifest
}

// put writes a file into an ext4 image, by debugfs(8).
func (s *site) put(t *testing.T, image, path, content string) {
	t.Helper()
	file := filepath.Join(s.dir, "file")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	mode := "0100644"
	if strings.HasPrefix(content, "#!") {
		mode = "0100755"
	}
	var commands strings.Builder
	parts := strings.Split(strings.TrimPrefix(filepath.Dir(path), "/"), "/")
	for i := range parts {
		fmt.Fprintf(&commands, "mkdir /%s\n", strings.Join(parts[:i+1], "/"))
	}
	fmt.Fprintf(&commands, "rm %s\nwrite %s %s\nset_inode_field %s mode %s\nset_inode_field %s uid 0\nset_inode_field %s gid 0\n",
		path, file, path, path, mode, path, path)
	command := exec.CommandContext(t.Context(), "debugfs", "-w", "-f", "-", image)
	command.Stdin = strings.NewReader(commands.String())
	// mkdir of what is there is one of its complaints; whether the file is there counts.
	_ = command.Run()
	out, err := exec.CommandContext(t.Context(), "debugfs", "-R", "cat "+path, image).Output()
	if err == nil && string(out) != content {
		err = errors.New("it reads back as something else")
	}
	if err != nil {
		t.Fatalf("cannot put %s into the image: %v", path, err)
	}
}
