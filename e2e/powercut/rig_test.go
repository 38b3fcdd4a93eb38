//go:build powercut || vm

package powercut

import (
	"context"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
)

// TestRigFails: a machine that did not do its work is no success, and its
// console is shown.
func TestRigFails(t *testing.T) {
	r := newRig(t)
	run := func(name string, limit time.Duration, todo string, want string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		_, err := tinyvm.Run(ctx, tinyvm.Config{
			Dir: t.TempDir(), Kernel: r.kernel, Init: r.init,
			Files: []tinyvm.File{{Path: job.File, Mode: 0o600, Data: []byte(todo)}},
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	run("no disk", machineTime, `{"Disks":[{"Name":"missing"}]}`, "no disk has the serial number missing")
	run("no job", machineTime, `{`, "cannot read the job")
	run("too slow", time.Second/2, `{}`, context.DeadlineExceeded.Error())
}
