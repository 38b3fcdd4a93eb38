//go:build vm

package device_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestRunning goes on from the saved state twice: the second machine knows
// nothing of the first, and the cable in the test's namespace carries packets.
func TestRunning(t *testing.T) {
	first := device.Start(t, device.Options{Running: true})
	first.Run(t, "touch /mnt/state/mark")
	first.Stop()
	namespace := device.Namespace(t)
	second := device.Start(t, device.Options{Running: true, Namespace: namespace})
	if out, err := second.Try(t, "ls /mnt/state/mark"); err == nil {
		t.Errorf("the first machine's file is on the second: %s", out)
	}
	if out := second.Run(t, "systemctl is-system-running"); out != "running" {
		t.Errorf("the machine is %s", out)
	}
	guest := strings.Fields(second.Run(t, "grep -l 52:54:00:12:34:99 /sys/class/net/*/address"))[0]
	name := strings.Split(guest, "/")[4]
	second.Run(t, "ip address add 192.0.2.1/24 dev "+name)
	if out, err := exec.Command("ip", "-n", namespace, "address", "add", "192.0.2.2/24", "dev", device.Uplink).CombinedOutput(); err != nil {
		t.Fatal(err, string(out))
	}
	second.Await(t, 30*time.Second, "ping -c1 -W1 192.0.2.2 >/dev/null && echo reached", "reached")
}
