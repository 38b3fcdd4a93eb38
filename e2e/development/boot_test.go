//go:build vm

package development

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestDevelopment boots a fresh device once and looks at it from all sides.
func TestDevelopment(t *testing.T) {
	m := device.Start(t, device.Options{Disk: "4G"})
	t.Run("everything runs", func(t *testing.T) { everythingRuns(t, m) })
	t.Run("root is read-only", func(t *testing.T) { rootIsReadOnly(t, m) })
	t.Run("partitions", func(t *testing.T) { partitions(t, m) })
	t.Run("ways in", func(t *testing.T) { waysIn(t, m) })
	t.Run("engine", func(t *testing.T) { engine(t, m) })
	t.Run("transcript", func(t *testing.T) { transcript(t, m) })
	t.Run("contract", func(t *testing.T) { contract(t, m) })
	t.Run("name", func(t *testing.T) { nameStory(t, m) })
	t.Run("one owner", func(t *testing.T) { oneOwner(t, m) })
	t.Run("broken while running", func(t *testing.T) { brokenWhileRunning(t, m) })
	t.Run("partition away", func(t *testing.T) { partitionAway(t, m) })
	t.Run("avahi comes and goes", func(t *testing.T) { avahiComesAndGoes(t, m) })
	t.Run("collision", func(t *testing.T) { collision(t, m) })
	t.Run("killed", func(t *testing.T) { killed(t, m) })
	t.Run("last good over a reboot", func(t *testing.T) { lastGoodOverReboot(t, m) })
}

// TestBrokenBootPartition boots with a config.json and a boot loader environment
// that are garbage: the device is there, lets a person in, and says what is wrong.
func TestBrokenBootPartition(t *testing.T) {
	m := device.Start(t, device.Options{Boot: map[string][]byte{
		"/config.json":      bytes.Repeat([]byte("\xff{garbage"), 10<<20/9),
		"/EFI/BOOT/grubenv": make([]byte, 100),
	}})
	if failed := m.Run(t, "systemctl --failed --no-legend --plain"); failed != "" {
		t.Errorf("failed units: %s", failed)
	}
	problems := m.Run(t, getProperty("Service1", "Problems"))
	if !strings.Contains(problems, "larger than 1 MiB") {
		t.Errorf("the fault is not visible: %s", problems)
	}
	uuid := m.Run(t, "cat /var/lib/resinos/hostnamed-bridge/uuid")
	m.Await(t, 10*time.Second, "cat /proc/sys/kernel/hostname", uuid[:7])
	if size := m.Run(t, "stat -c %s /mnt/boot/config.json"); size != "10485756" {
		t.Errorf("the owner's file was touched: %s bytes", size)
	}
	if cmdline := m.Run(t, "cat /proc/cmdline"); !strings.Contains(cmdline, "resin-rootA") {
		t.Errorf("another slot than A was booted: %s", cmdline)
	}
}

func everythingRuns(t *testing.T, m *device.Machine) {
	if state, _ := m.Try(t, "systemctl is-system-running"); state != "running" {
		t.Errorf("the system is %s: %s", state, m.Run(t, "systemctl --failed --no-legend --plain"))
	}
	for _, unit := range []string{
		"hostnamed-bridge", "config-recover", "NetworkManager", "ModemManager", "avahi-daemon", "docker", "chrony", "ssh",
	} {
		if state, _ := m.Try(t, "systemctl is-active "+unit); state != "active" {
			t.Errorf("%s is %s", unit, state)
		}
	}
}

func rootIsReadOnly(t *testing.T, m *device.Machine) {
	if options := m.Run(t, "findmnt -no OPTIONS /"); !strings.HasPrefix(options, "ro") {
		t.Errorf("root is mounted %s", options)
	}
	if _, err := m.Try(t, "touch /usr/x || touch /etc/x || touch /var/x"); err == nil {
		t.Error("a file was made on the root")
	}
	written := m.Run(t, "cat /sys/class/block/vda2/stat | awk '{print $7}'")
	if written != "0" {
		t.Errorf("%s sectors were written to the root partition", written)
	}
	got := m.Run(t, "findmnt -rno TARGET,OPTIONS -t ext4,vfat | awk '$2 ~ /^rw/ {print $1}' | LC_ALL=C sort")
	want := strings.Join([]string{
		"/etc/NetworkManager/system-connections", "/etc/docker", "/etc/machine-id", "/etc/openvpn", "/mnt/boot", "/mnt/data", "/mnt/state",
		"/run/machine-id", // the kernel shows the bind at the transient one's own place too
		"/var/lib/NetworkManager", "/var/lib/bluetooth", "/var/lib/chrony", "/var/lib/containerd", "/var/lib/docker", "/var/lib/resin-preload", "/var/lib/resinos",
		"/var/lib/systemd", "/var/log/journal",
	}, "\n")
	if got != want {
		t.Errorf("writable and on disk is\n%s\nwant\n%s", got, want)
	}
}

func partitions(t *testing.T, m *device.Machine) {
	got := m.Run(t, "lsblk -rno PARTLABEL /dev/vda | grep . | tr '\\n' ' '")
	if got != "resin-boot resin-rootA resin-rootB resin-state resin-data" {
		t.Errorf("partitions are %s", got)
	}
	// The image has 256 MiB of it; the disk is some 2 GiB larger than the image.
	if m.Run(t, "test $(df --output=size -m /mnt/data | tail -1) -gt 1500 && echo grown") != "grown" {
		t.Errorf("resin-data was not grown: %s", m.Run(t, "df -m /mnt/data"))
	}
}

func waysIn(t *testing.T, m *device.Machine) {
	for _, unit := range []string{"getty@tty1", "serial-getty@ttyS0"} {
		if state, _ := m.Try(t, "systemctl is-active "+unit); state != "active" {
			t.Errorf("%s is %s", unit, state)
		}
	}
	if listens := m.Run(t, "ss -Hltn sport = :22222"); !strings.Contains(listens, ":22222") {
		t.Errorf("nobody listens on 22222: %s", listens)
	}
}

func engine(t *testing.T, m *device.Machine) {
	const version = "docker %s version --format '{{.Server.Os}}'"
	for _, host := range []string{"", "-H tcp://127.0.0.1:2377"} {
		m.Await(t, time.Minute, strings.Replace(version, "%s", host, 1), "linux")
	}
	if root := m.Run(t, "findmnt -no SOURCE -T $(docker info --format '{{.DockerRootDir}}')"); !strings.Contains(root, "/dev/vda5") {
		t.Errorf("the engine's data is on %s", root)
	}
}
