//go:build container

package containers

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/container"
	"resinos.io/e2e/device"
)

// TestEngine looks at the engine of one running device from all sides.
func TestEngine(t *testing.T) {
	h := root{container.Start(t, container.Options{Engine: true})}
	putGuest(t, h)
	t.Run("configuration", func(t *testing.T) { configuration(t, h) })
	t.Run("no supervisor", func(t *testing.T) { noSupervisor(t, h) })
	t.Run("host's bus", func(t *testing.T) { hostsBus(t, h) })
	t.Run("names", func(t *testing.T) { names(t, h) })
	t.Run("logs", func(t *testing.T) { logs(t, h) })
	t.Run("live restore", func(t *testing.T) { liveRestore(t, h) })
	namespace := device.Namespace(t)
	if out, err := exec.CommandContext(t.Context(), "ip", "link", "set", h.Interface(), "netns", namespace, "name", device.Uplink, "up").CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	t.Run("local push", func(t *testing.T) { localPush(t, h, "host0", namespace) })
	t.Run("wedged", func(t *testing.T) { wedged(t, h) })
}

func configuration(t *testing.T, h host) {
	for format, want := range map[string]string{
		"{{.Driver}}": "overlay2", "{{.LoggingDriver}}": "journald", "{{.LiveRestoreEnabled}}": "true", "{{.DockerRootDir}}": "/var/lib/docker",
	} {
		if got := h.Run(t, "docker info --format '"+format+"'"); got != want {
			t.Errorf("%s is %s, want %s", format, got, want)
		}
	}
	if got := h.Run(t, "findmnt -no SOURCE -T /var/lib/docker"); !strings.Contains(got, "/data/root-overlay/var/lib/docker") {
		t.Errorf("the engine's data is on %s", got)
	}
}

// noSupervisor: a config.json that names none has none.
func noSupervisor(t *testing.T, h host) {
	h.Await(t, soon, "systemctl is-active resin-supervisor resin-supervisor-follow.path", "inactive\nactive")
	if got := h.Run(t, "docker ps --all --quiet"); got != "" {
		t.Errorf("containers are there: %s", got)
	}
}

// hostsBus reads and changes the host from a container: what its uid allows, and no more.
func hostsBus(t *testing.T, h host) {
	name := h.Run(t, "cat /proc/sys/kernel/hostname")
	for _, user := range []string{"0", "65534"} {
		if got := h.Run(t, run+"--user "+user+" guest /guest name"); got != name {
			t.Errorf("uid %s in a container reads the name %q, the host's is %q", user, got, name)
		}
	}
	if _, err := h.Try(t, run+"--user 65534 guest /guest rename nobodys"); err == nil || !strings.Contains(err.Error(), "AccessDenied") &&
		!strings.Contains(err.Error(), "Rejected send message") {
		t.Errorf("an ordinary uid's rename from a container gives %v", err)
	}
	h.Run(t, run+"guest /guest rename contained")
	h.Await(t, soon, "cat /proc/sys/kernel/hostname", "contained")
}

// names resolves a name that only the owner's DNS server knows: through dnsmasq, which
// netseed tells of that server.
func names(t *testing.T, h host) {
	h.Run(t, "systemd-run --quiet --unit owners-dns dnsmasq --keep-in-foreground --conf-file=/dev/null --listen-address=127.0.0.9 "+
		"--bind-interfaces --no-resolv --no-hosts --address=/only.example/192.0.2.7 && resinctl config set dnsServers 127.0.0.9")
	h.Await(t, soon, "docker run --rm guest /guest resolve only.example", "192.0.2.7")
	if got := h.Run(t, "docker run --rm guest /guest resolve localhost"); !strings.Contains(got, "127.0.0.1") {
		t.Errorf("a container's localhost is %q", got)
	}
}

func logs(t *testing.T, h host) {
	h.Run(t, "docker run -d --name talker guest /guest say hello there")
	h.Await(t, soon, "journalctl -o cat CONTAINER_NAME=talker", "hello there")
	h.Await(t, soon, "journalctl -o cat -t talker", "hello there")
}

// liveRestore restarts the engine, and kills it: the container does not notice.
func liveRestore(t *testing.T, h host) {
	const pid = "docker inspect --format '{{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}}' talker"
	before := h.Run(t, pid)
	h.Run(t, "systemctl restart docker")
	h.Await(t, soon, pid, before)
	h.Run(t, "systemctl kill --kill-whom=main -s KILL docker")
	h.Await(t, soon, "systemctl is-active docker", "active")
	h.Await(t, soon, pid, before)
	h.Run(t, "docker run --rm guest /guest resolve localhost") // new ones start beside it
}

// wedged stops the engine's process, which then neither answers nor ends: it is
// replaced, and the container goes on.
func wedged(t *testing.T, h host) {
	const faster = "/run/systemd/system/docker.service.d/90-test.conf"
	h.Run(t, "mkdir -p $(dirname "+faster+") && printf '[Service]\\nWatchdogSec=20\\nTimeoutAbortSec=5\\n' > "+faster+
		" && systemctl daemon-reload && systemctl restart docker")
	before := h.Run(t, "docker inspect --format '{{.State.StartedAt}}' talker")
	first := h.Run(t, "systemctl show -P MainPID docker")
	// The watchdog's time passes, and a healthy engine stays.
	time.Sleep(30 * time.Second)
	if got := h.Run(t, "systemctl show -P MainPID docker"); got != first {
		t.Fatalf("a healthy engine was replaced: %s, then %s", first, got)
	}
	h.Run(t, "kill -STOP "+first)
	h.Await(t, 3*time.Minute, "test $(systemctl show -P MainPID docker) != "+first+" && systemctl is-active docker", "active")
	h.Await(t, soon, "docker inspect --format '{{.State.StartedAt}}' talker", before)
	if got := h.Run(t, "journalctl -u docker -o cat | grep -c 'Watchdog timeout'"); got != "1" {
		t.Errorf("the watchdog struck %s times", got)
	}
}

// TestWithoutData boots without the data partition: no engine, nothing that waits or
// tries for it, and the device is reached and says so.
func TestWithoutData(t *testing.T) {
	h := root{container.Start(t, container.Options{
		WithoutData: true, Boot: map[string][]byte{"config.json": []byte(`{"supervisorImage":"` + supervisorImage + `"}`)},
	})}
	for unit, want := range map[string]string{
		"docker.service": "inactive", "docker.socket": "inactive", "containerd": "inactive", "resin-supervisor": "inactive",
		"NetworkManager": "active", "ssh": "active", "hostnamed-bridge": "active", "updater": "active",
	} {
		if got, _ := h.Try(t, "systemctl is-active "+unit); got != want {
			t.Errorf("%s is %s", unit, got)
		}
	}
	if problems := h.Run(t, "busctl get-property io.resinos.State1 /io/resinos/State1 io.resinos.Service1 Problems"); !strings.Contains(problems, "/var/lib/docker") {
		t.Errorf("problems are %s", problems)
	}
	if out, err := h.Try(t, "docker ps; docker ps; docker ps"); err == nil {
		t.Errorf("an engine answers: %s", out)
	}
	if failed := h.Run(t, "systemctl --failed --plain --no-legend"); failed != "" {
		t.Errorf("failed units:\n%s", failed)
	}
}
