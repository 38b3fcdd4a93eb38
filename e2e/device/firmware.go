package device

import (
	"bytes"
	"context"
	"os"
	"time"

	"resinos.io/image/qemu"
)

// firmwareSays is the last that the firmware writes; the boot loader follows within seconds.
const firmwareSays = "BdsDxe: starting Boot"

// firmwareTime is how long it may be the last.
const firmwareTime = time.Minute

// unhang presses the reset button of a machine whose firmware does not go on after a
// guest's reboot, which is seen once in some hundred reboots without KVM: nothing of
// ours runs then. It returns when the machine has ended.
func unhang(m *qemu.Machine) {
	var size int
	since := time.Now()
	for {
		select {
		case <-m.Done():
			return
		case <-time.After(5 * time.Second):
		}
		log, _ := os.ReadFile(m.SerialLog()) // it is not there yet, or gone with the test
		if len(log) != size || !hangs(log) {
			size, since = len(log), time.Now()
			continue
		}
		if time.Since(since) > firmwareTime {
			since = time.Now()
			ctx, cancel := context.WithTimeout(context.Background(), commandTime)
			_ = m.Reset(ctx) // else it is tried again
			cancel()
		}
	}
}

// hangs reports whether the firmware wrote last.
func hangs(log []byte) bool {
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	return bytes.Contains(lines[len(lines)-1], []byte(firmwareSays))
}
