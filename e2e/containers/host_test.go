//go:build vm || container

package containers

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
	"resinos.io/e2e/program"
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
	add("guest", program.Build(t, "./guest"))
	for name, text := range files {
		add(name, []byte(text))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &archive
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

// keyFile is where the supervisor keeps the secret of its API.
const keyFile = "/mnt/data/resin-supervisor/api-key"

// api asks the supervisor and returns the answer with the status behind it.
func api(t *testing.T, h host, request, body string) string {
	t.Helper()
	return h.Run(t, ask(`-H "Authorization: Bearer $(cat `+keyFile+`)"`, request, body))
}

// ask is the command of a request such as "GET /ping".
func ask(how, request, body string) string {
	method, path, _ := strings.Cut(request, " ")
	return fmt.Sprintf(`curl -sS %s -X %s -d '%s' -w ' %%{http_code}' 'http://127.0.0.1:48484%s'`, how, method, body, path)
}

// localPush builds and runs an image from another host: a client of the engine in
// the network namespace where the cable from the device's card ends, as the interface
// device.Uplink. All it shares with the device is that cable.
func localPush(t *testing.T, h host, card, namespace string) {
	h.Run(t, "nmcli device set "+card+" managed no && ip address add 10.77.0.1/24 dev "+card+" && ip link set "+card+" up")
	if out, err := exec.CommandContext(t.Context(), "ip", "-n", namespace, "address", "add", "10.77.0.2/24", "dev", device.Uplink).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	root, err := filepath.Abs("../../build/work/development/root") // for the client in it
	if err != nil {
		t.Fatal(err)
	}
	client := func(input io.Reader, args ...string) string {
		command := exec.CommandContext(t.Context(), "ip", append([]string{
			"netns", "exec", namespace, "chroot", root, "env", "DOCKER_BUILDKIT=0", "DOCKER_HOST=tcp://10.77.0.1:2377", "docker",
		}, args...)...)
		var said bytes.Buffer
		command.Stdin, command.Stderr = input, &said
		out, err := command.Output()
		if err != nil {
			t.Fatalf("docker %v from another host: %v: %s%s", args, err, out, &said)
		}
		return strings.TrimSpace(string(out))
	}
	h.Await(t, soon, "ping -c1 -W1 10.77.0.2 >/dev/null && echo reached", "reached")
	client(guestArchive(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY guest /guest\nCMD [\"/guest\", \"resolve\", \"127.0.0.1\"]\n"}),
		"build", "--quiet", "--tag", "pushed", "-")
	if got := client(nil, "run", "--rm", "pushed"); got != "127.0.0.1" {
		t.Errorf("the pushed image prints %q", got)
	}
	if got := h.Run(t, "docker images --format '{{.Repository}}' pushed"); got != "pushed" {
		t.Errorf("it is not on the device: %q", got)
	}
}
