//go:build vm

package variants

import (
	"strings"
	"testing"

	"resinos.io/e2e/device"
)

// outputs holds what commands print against what they should.
func outputs(t *testing.T, m *device.Machine, want map[string]string) {
	t.Helper()
	for command, text := range want {
		if got, _ := m.Try(t, command); got != text { // a status is no reason: is-enabled has one for "disabled"
			t.Errorf("%s\nprints %q, want %q", command, got, text)
		}
	}
}

// TestProduction holds a booted production device against its column of the table.
// Its owner has a key in config.json; a device without one is scanned in a container.
func TestProduction(t *testing.T) {
	m := device.Start(t, device.Options{Variant: "production"})
	alike(t, m, "production", "2.0.0+rev1")
	outputs(t, m, map[string]string{
		// No getty, whoever asks; nothing on the screen but the splash.
		"ps -eo comm | grep -c getty":                                     "0",
		"systemctl start getty@tty2 serial-getty@ttyS0 || echo refused":   "refused",
		"grep -c tty0 /proc/consoles":                                     "0",
		"tr -d ' \\0' < /dev/vcs1 | wc -c":                                "0",
		"systemctl is-enabled getty@.service serial-getty@.service":       "masked\nmasked",
		"getent shadow root | cut -d: -f2":                                "*",
		"sshd -T | grep -E '^(passwordauth|permitempty|permitrootl|kbd)'": "permitrootlogin without-password\npasswordauthentication no\nkbdinteractiveauthentication no\npermitemptypasswords no",
		"ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 22222 root@127.0.0.1 true || echo refused": "refused",
		"ls /etc/avahi/services":         "",
		"systemctl is-enabled resin-vpn": "enabled",
	})
	if listens := m.Run(t, "ss -Hltn sport = :2377 or sport = :2375 or sport = :2376"); listens != "" {
		t.Errorf("the engine listens: %s", listens)
	}
}

// TestOpen holds the two variants that are open to the person beside the device
// against their columns.
func TestOpen(t *testing.T) {
	for variant, suffix := range map[string]string{"development": "-dev", "standalone": "-standalone"} {
		t.Run(variant, func(t *testing.T) {
			m := device.Start(t, device.Options{Variant: variant, Running: true})
			alike(t, m, variant, "2.0.0+rev1"+suffix)
			outputs(t, m, map[string]string{
				"systemctl is-active getty@tty1 serial-getty@ttyS0": "active\nactive",
				"grep -c tty0 /proc/consoles":                       "1",
				"ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 22222 root@127.0.0.1 echo in 2>/dev/null": "in",
				"docker -H tcp://127.0.0.1:2377 version --format '{{.Server.Os}}'":                                                             "linux",
				"ls /etc/avahi/services": "ssh.service",
			})
			vpn := "enabled"
			if variant == "standalone" {
				vpn = "masked"
				outputs(t, m, map[string]string{"systemctl is-enabled resin-supervisor": "masked"})
			}
			outputs(t, m, map[string]string{"systemctl is-enabled resin-vpn": vpn})
		})
	}
}

// alike is what the columns share, and how each says which it is.
func alike(t *testing.T, m *device.Machine, variant, version string) {
	t.Helper()
	outputs(t, m, map[string]string{
		"systemctl is-system-running || systemctl --failed --plain --no-legend":   "running",
		". /etc/os-release; echo $NAME $VERSION $VARIANT_ID $RESINOS_DEVICE_TYPE": "resinOS " + version + " " + variant + " genericx86-64",
		"head -1 /etc/issue": `resinOS ` + version + ` \n \l`,
		"systemctl is-enabled openvpn-server@any openvpn-client@any; pgrep -c openvpn; openvpn --version | head -c 7": "disabled\ndisabled\n0\nOpenVPN",
		"ls /run/log/journal/*/system.journal /var/log/journal/*/system.journal 2>/dev/null | cut -d/ -f2":            "run",
		"busctl get-property io.resinos.Log1 /io/resinos/Log1 io.resinos.Log1 RuntimeMaxUse":                          "t 8388608",
		"systemctl show -P RuntimeWatchdogUSec":                                                                       "1min",
		"systemctl show -P JobTimeoutUSec reboot.target poweroff.target":                                              "5min\n\n5min",
		"wdctl -n -o TIMEOUT 2>/dev/null >/dev/null; cat /sys/class/watchdog/watchdog0/state":                         "active",
	})
	critical(t, m)
	t.Log(m.Run(t, bootTimes)) // told, and not judged: it depends on the machine
}

// bootTimes prints how long the boot took, after how many seconds the engine answered,
// and what was waited for.
const bootTimes = "systemd-analyze time; echo engine $(($(systemctl show -P ActiveEnterTimestampMonotonic docker.service) / 1000000)) s; " +
	"systemd-analyze critical-chain --no-pager"

// critical looks at what must not go: its OOM score, its mounts, its watchdog.
func critical(t *testing.T, m *device.Machine) {
	t.Helper()
	host := m.Run(t, "readlink /proc/1/ns/mnt")
	ours := strings.Fields(m.Run(t, "cd /usr/libexec/resinos && for p in *; do systemctl is-active -q $p && echo $p; done || true"))
	for _, unit := range append(ours, "docker", "containerd", "NetworkManager", "dnsmasq", "ssh") {
		pid := m.Run(t, "systemctl show -P MainPID "+unit)
		if pid == "0" {
			continue // a oneshot that has done its work
		}
		score := m.Run(t, "cat /proc/"+pid+"/oom_score_adj")
		if !strings.HasPrefix(score, "-") {
			t.Errorf("%s has the OOM score %s", unit, score)
		}
		if mounts := m.Run(t, "readlink /proc/"+pid+"/ns/mnt"); mounts == host && unit != "ssh" {
			t.Errorf("%s has the host's mounts", unit)
		}
	}
	for _, unit := range append(ours, "docker", "systemd-journald") {
		if watchdog := m.Run(t, "systemctl show -P WatchdogUSec -P Type "+unit); strings.HasPrefix(watchdog, "0\nnotify") || watchdog == "notify\n0" {
			t.Errorf("%s has no watchdog", unit)
		}
	}
}
