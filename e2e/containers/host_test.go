//go:build vm || container

package containers

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// soon is how long something may take under emulation on a busy machine.
const soon = 2 * time.Minute

// run starts a container with the host's bus, from the image that holds guest alone.
const run = "docker run --rm -v /run/dbus:/run/dbus -e DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/dbus/system_bus_socket "

// A host is a device that runs, in a container or in a virtual machine.
type host interface {
	Run(t *testing.T, command string) string
	Try(t *testing.T, command string) (string, error)
	RunInput(t *testing.T, command string, input io.Reader)
	Await(t *testing.T, limit time.Duration, command, want string)
}

// putGuest makes the image "guest" on the host, from nothing but a program.
func putGuest(t *testing.T, h host) {
	t.Helper()
	h.Await(t, soon, "docker version --format '{{.Server.Os}}'", "linux")
	h.RunInput(t, "docker import - guest", guestArchive(t, nil))
}

// guestArchive is a tar archive of the program guest and of files.
func guestArchive(t *testing.T, files map[string]string) io.Reader {
	t.Helper()
	content, err := os.ReadFile(build(t, "./guest"))
	if err != nil {
		t.Fatal(err)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	add := func(name string, content []byte) {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	add("guest", content)
	for name, text := range files {
		add(name, []byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &archive
}

// build compiles a program for containers and returns its path.
func build(t *testing.T, program string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, program)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v: %s", program, err, out)
	}
	return path
}

// supervisorImage is what build-image calls the reference supervisor.
const supervisorImage = "resinos/supervisor:2.0.0-rev1"

// supervisorArchive returns the reference supervisor as an image for docker load.
func supervisorArchive(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "supervisor.tar")
	if out, err := exec.CommandContext(t.Context(), "../../image/supervisor/build-image", path).CombinedOutput(); err != nil {
		t.Fatalf("cannot build the supervisor: %v: %s", err, out)
	}
	archive, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}
