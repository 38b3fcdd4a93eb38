//go:build vm

package development

import (
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// brokenWhileRunning breaks config.json in every way an owner or a card does.
// Each time the name stays, the fault is told, and a good file heals it.
func brokenWhileRunning(t *testing.T, m *device.Machine) {
	m.Run(t, edit(`.hostname="steady"`)+" && cp /mnt/boot/config.json /tmp/good")
	awaitName(t, m, "steady")
	ways := []struct{ name, command, want string }{
		{"empty", ": > config.json", "does not parse"},
		{"half written", "head -c 30 /tmp/good > config.json", "does not parse"},
		{"garbage", "head -c 10M /dev/urandom > config.json", "larger than 1 MiB"},
		{"not UTF-8", `printf '{"hostname":"\377"}' > config.json`, "does not parse"},
		{"duplicate key", `echo '{"hostname":"a","hostname":"b"}' > config.json`, "does not parse"},
		{"deep", `printf '[%.0s' $(seq 10000) > config.json`, "does not parse"},
		{"a directory", "rm config.json; mkdir config.json", "not a regular file"},
		{"gone", "rm -r config.json", "config.json"},
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			m.Run(t, "cd /mnt/boot && "+way.command)
			m.Await(t, soon, getProperty("Service1", "ConfigSource"), `s "last-good"`)
			if problems := m.Run(t, getProperty("Service1", "Problems")); !strings.Contains(problems, way.want) {
				t.Errorf("problems are %s, want %q", problems, way.want)
			}
			if name := m.Run(t, "cat /proc/sys/kernel/hostname"); name != "steady" {
				t.Errorf("the name is %s", name)
			}
			m.Run(t, "rm -rf /mnt/boot/config.json; cp /tmp/good /tmp/copy && mv /tmp/copy /mnt/boot/config.json")
			m.Await(t, soon, getProperty("Service1", "State"), `s "ready"`)
		})
	}
}

func partitionAway(t *testing.T, m *device.Machine) {
	m.Run(t, "for i in $(seq 50); do umount /mnt/boot && exit; sleep 0.2; done; exit 1") // somebody may be reading
	m.Await(t, soon, getProperty("Service1", "ConfigSource"), `s "last-good"`)
	m.Run(t, "systemctl start mnt-boot.mount")
	m.Await(t, soon, getProperty("Service1", "ConfigSource"), `s "file"`)
	m.Run(t, edit(`.hostname="back"`))
	awaitName(t, m, "back")
}

func avahiComesAndGoes(t *testing.T, m *device.Machine) {
	// Masked, because whoever asks for it would start it.
	m.Run(t, "systemctl mask --runtime --now avahi-daemon.socket avahi-daemon.service")
	m.Await(t, soon, getProperty("Hostname1", "MdnsState"), `s "absent"`)
	m.Run(t, edit(`.hostname="alone"`))
	m.Await(t, soon, "cat /proc/sys/kernel/hostname", "alone")
	m.Await(t, soon, getProperty("Service1", "State"), `s "ready"`)
	m.Run(t, "systemctl unmask --runtime avahi-daemon.socket avahi-daemon.service && systemctl start avahi-daemon")
	awaitName(t, m, "alone")
	m.Run(t, "systemctl restart avahi-daemon")
	awaitName(t, m, "alone")
}

// otherHost starts a second Avahi with the name "taken" on a network of its own
// that a pair of interfaces joins to the machine's.
const otherHost = `
ip netns add other
ip link add lan0 type veth peer name lan1 netns other
nmcli device set lan0 managed no || true
ip address add 10.77.0.1/24 dev lan0 && ip link set lan0 up
ip -n other address add 10.77.0.2/24 dev lan1 && ip -n other link set lan1 up && ip -n other link set lo up
printf '[server]\nhost-name=taken\nuse-ipv6=no\nenable-dbus=no\n' > /tmp/other.conf
systemd-run --unit=other-host -p PrivateMounts=yes -p NetworkNamespacePath=/run/netns/other \
  -p TemporaryFileSystem=/run/avahi-daemon avahi-daemon -f /tmp/other.conf --no-drop-root --no-chroot`

func collision(t *testing.T, m *device.Machine) {
	m.Run(t, otherHost)
	m.Await(t, soon, "avahi-resolve -4n taken.local | cut -f2", "10.77.0.2")
	m.Run(t, edit(`.hostname="taken"`))
	m.Await(t, time.Minute, getProperty("Hostname1", "MdnsState"), `s "collision"`)
	m.Await(t, soon, getProperty("Hostname1", "MdnsName"), `s "taken-2"`)
	if name := m.Run(t, "cat /proc/sys/kernel/hostname"); name != "taken" {
		t.Errorf("the kernel's name is %s", name)
	}
	m.Run(t, "systemctl stop other-host")
	m.Await(t, 3*time.Minute, getProperty("Hostname1", "MdnsState"), `s "running"`)
	awaitName(t, m, "taken")
	m.Run(t, "ip link del lan0; ip netns del other")
}
