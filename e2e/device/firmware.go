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

// unhang starts a machine again whose firmware does not go on after a guest's reboot,
// which is seen once in some hundred reboots without KVM: nothing of ours runs then, and
// the reset button does not always help. It returns when the machine has ended.
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
			restart(m)
		}
	}
}

func restart(m *qemu.Machine) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	if m.Restart(ctx) == nil { // else the test has ended it, or will say that it is gone
		_ = plug(ctx, m)
	}
}

// hangs reports whether it is the firmware's turn.
func hangs(log []byte) bool {
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	last := string(lines[len(lines)-1])
	return strings.Contains(last, kernelSays) || strings.Contains(last, firmwareBegins) || strings.Contains(last, firmwareSays)
}
