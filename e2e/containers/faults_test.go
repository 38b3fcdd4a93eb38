//go:build vm

package containers

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// otherHost makes a network namespace whose only way leads to the device.
const otherHost = `
ip netns add other
ip link add lan0 type veth peer name lan1 netns other
nmcli device set lan0 managed no || true
ip address add 10.77.0.1/24 dev lan0 && ip link set lan0 up
ip -n other address add 10.77.0.2/24 dev lan1 && ip -n other link set lan1 up`

// localPush builds and runs an image from another host, over TCP alone: the
// client sees no socket of this engine.
func localPush(t *testing.T, m *device.Machine) {
	m.Run(t, otherHost)
	const client = "ip netns exec other unshare --mount sh -c 'mount -t tmpfs none /run && cd /tmp/push && export DOCKER_BUILDKIT=0 DOCKER_HOST=tcp://10.77.0.1:2377 && %s'"
	remote := func(command string) string { return m.Run(t, strings.Replace(client, "%s", command, 1)) }
	remote(`printf "FROM scratch\nCOPY guest /guest\nCMD [\"/guest\", \"resolve\", \"127.0.0.1\"]\n" > Dockerfile && docker build -q -t pushed .`)
	if got := remote("docker run --rm pushed"); got != "127.0.0.1" {
		t.Errorf("the pushed image prints %q", got)
	}
	m.Run(t, "ip netns del other")
}

// wedged stops the engine's process, which then neither answers nor ends: it is
// replaced, and the container goes on.
func wedged(t *testing.T, m *device.Machine) {
	const faster = "/run/systemd/system/docker.service.d/90-test.conf"
	m.Run(t, "mkdir -p $(dirname "+faster+") && printf '[Service]\nWatchdogSec=40\nTimeoutAbortSec=5\n' > "+faster+
		" && systemctl daemon-reload && systemctl restart docker")
	before := m.Run(t, "docker inspect --format '{{.State.StartedAt}}' talker")
	first := m.Run(t, "systemctl show -P MainPID docker")
	// The watchdog's time passes twice, and a healthy engine stays.
	time.Sleep(60 * time.Second)
	if got := m.Run(t, "systemctl show -P MainPID docker"); got != first {
		t.Fatalf("a healthy engine was replaced: %s, then %s", first, got)
	}
	m.Run(t, "kill -STOP "+first)
	m.Await(t, 2*time.Minute, "test $(systemctl show -P MainPID docker) != "+first+" && systemctl is-active docker", "active")
	m.Await(t, soon, "docker inspect --format '{{.State.StartedAt}}' talker", before)
	if got := m.Run(t, "journalctl -u docker -o cat | grep -c 'Watchdog timeout'"); got != "1" {
		t.Errorf("the watchdog struck %s times", got)
	}
	m.Run(t, "rm "+faster+" && systemctl daemon-reload")
}

// memory lets a process take all there is: it ends, and nothing else does.
func memory(t *testing.T, m *device.Machine) {
	units := m.Run(t, "systemctl list-units --type=service --state=running --plain --no-legend | awk '{print $1}'")
	show := "systemctl show -P Id -P MainPID -P NRestarts " + strings.Join(strings.Fields(units), " ") +
		" | grep -v '^$'"
	m.Run(t, "docker ps -q") // everything is settled
	before := m.Run(t, show)
	started := time.Now()
	if out, err := m.Try(t, "tail /dev/zero"); err == nil {
		t.Fatalf("the eater was not stopped: %s", out)
	}
	t.Logf("the eater ended after %v", time.Since(started).Round(time.Second))
	if killed := m.Run(t, "journalctl -k -o cat -g 'Out of memory: Killed process' | grep -o '([^)]*)' | sort -u"); killed != "(tail)" {
		t.Errorf("the kernel killed %s", killed)
	}
	if after := m.Run(t, show); after != before {
		t.Errorf("units were restarted:\nbefore\n%s\nafter\n%s", before, after)
	}
}
