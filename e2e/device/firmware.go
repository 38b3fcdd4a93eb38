package device

import (
	"bytes"
	"context"
	"os"
	"strings"
	"time"

	"resinos.io/image/qemu"
)

// What is written last when it is the firmware's turn: by the kernel, and by the firmware
// at its beginning and its end. The boot loader follows within seconds.
const (
	kernelSays     = "reboot: machine restart"
	firmwareBegins = "\x1b[2J\x1b[01;01H" // it clears the screen
	firmwareSays   = "BdsDxe: starting Boot"
)

// firmwareTime is how long one of them may be the last.
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

// hangs reports whether it is the firmware's turn.
func hangs(log []byte) bool {
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	last := string(lines[len(lines)-1])
	return strings.Contains(last, kernelSays) || strings.Contains(last, firmwareBegins) || strings.Contains(last, firmwareSays)
}
