//go:build vm

package update

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/image/repository"
)

// guestHost is this machine as a guest in QEMU's user network sees it.
const guestHost = "10.0.2.2"

// A change makes a new root of the image's: commands for debugfs, see debugfs(8).
type change struct {
	version string
	write   map[string]string // path in the root -> content; a script is executable
}

// site is an update repository that the guest reaches at url.
type site struct {
	repo *repository.Repository
	url  string
	dir  string
}

// newSite copies the checkout's repository, whose keys the image trusts.
func newSite(t *testing.T) *site {
	t.Helper()
	build, err := filepath.Abs("../../build")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	// With their modes: a key that others may read is refused.
	run(t, "cp", "-a", filepath.Join(build, "keys"), filepath.Join(build, "repo"), dir)
	repo, err := repository.Open(filepath.Join(dir, "repo"), filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.FileServer(http.Dir(repo.Dir())), ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = server.Close() })
	return &site{repo, fmt.Sprintf("http://%s:%d", guestHost, listener.Addr().(*net.TCPAddr).Port), dir}
}

// publish publishes the development image's root with changes.
func (s *site) publish(t *testing.T, c change) {
	t.Helper()
	root := filepath.Join(s.dir, "root.img")
	run(t, "cp", "--sparse=always", "../../build/work/development/resin-rootA.img", root)
	release, err := os.ReadFile("../../build/work/development/root/usr/lib/os-release")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(release), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "IMAGE_VERSION=") {
			lines[i] = "IMAGE_VERSION=" + c.version
		}
	}
	s.put(t, root, "/usr/lib/os-release", strings.Join(lines, "\n"))
	for path, content := range c.write {
		s.put(t, root, path, content)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if _, err := s.repo.Publish(ctx, repository.Publication{Image: root}); err != nil {
		t.Fatal(err)
	}
}

// put writes a file into an ext4 image.
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
	if out, err := exec.CommandContext(t.Context(), "debugfs", "-R", "cat "+path, image).Output(); err != nil || string(out) != content {
		t.Fatalf("cannot put %s into the image: %v: %q", path, err, out)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s %v: %v: %s", name, args, err, out)
	}
}
