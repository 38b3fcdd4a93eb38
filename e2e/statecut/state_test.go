//go:build powercut

package statecut

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/vmtest"
)

var (
	seed = flag.Uint64("seed", 1, "of the states that are drawn")
	few  = flag.Bool("few", false, "small samples, for a look")
)

// all looks at every state of a record.
func all(string) bool { return true }

// TestFirstBoot cuts a device's first boot: whenever that was, the next one leaves
// what a first boot leaves that was not cut.
func TestFirstBoot(t *testing.T) {
	r := newRig(t)
	base := open(t, r.base)
	log, _ := r.record(t, "first", r.base, ". /run/rig/device.sh\nearly\nnote done")
	want := r.reference(t, r.base, ". /run/rig/device.sh\nearly")
	outcomes := r.try(t, log, base, pick(t, log, base, large, all), []string{look, look})
	good := func(o outcome) string { return fault(o, []string{"partition"}, want) }
	judge(t, outcomes, good)
	r.again(t, "first", base, outcomes, []string{look, look}, good)
}

// TestRecreated cuts the boot that makes a state partition anew of which nothing
// can be saved.
func TestRecreated(t *testing.T) {
	r := newRig(t)
	want := r.reference(t, r.base, ". /run/rig/device.sh\nearly")
	garbage := filepath.Join(r.dir, "garbage.img")
	vmtest.Run(t, "cp", "--sparse=always", r.base, garbage)
	vmtest.Run(t, "sh", "-c", `yes "no file system" | dd of="$0" bs=1M count=20 seek=65 iflag=fullblock conv=notrunc status=none`, garbage)
	base := open(t, garbage)
	log, boots := r.record(t, "recreated", garbage, ". /run/rig/device.sh\nearly\nnote done\nfacts")
	t.Log(boots[0].Out)
	outcomes := r.try(t, log, base, pick(t, log, base, large, all), []string{look, look})
	judge(t, outcomes, func(o outcome) string {
		if o.step == "done" {
			return fault(o, []string{"partition"}, want)
		}
		return fault(o, []string{"partition", "recreated"}, want)
	})
}

// reference returns what a device has after script and one more boot.
func (r *rig) reference(t *testing.T, image, script string) string {
	t.Helper()
	written := filepath.Join(r.dir, "reference.img")
	vmtest.Run(t, "cp", "--sparse=always", image, written)
	boots := r.boot(t, written, script, look)
	if boots[0].Exit != 0 {
		t.Fatalf("the first boot ended with %d: %s", boots[0].Exit, boots[0].Err)
	}
	vmtest.Must(t, os.Remove(written))
	return tree(t, boots[1])
}

// judge counts the bad outcomes and shows the first of them.
func judge(t *testing.T, outcomes []outcome, fault func(outcome) string) {
	t.Helper()
	bad, tally := 0, map[crashlog.Model]int{}
	for _, o := range outcomes {
		tally[o.Model]++
		if text := fault(o); text != "" {
			if bad++; bad <= 5 {
				t.Errorf("after %q, %s: %s", o.step, o.Spec, text)
			}
		}
	}
	t.Logf("%d of %d states are bad: %v", bad, len(outcomes), tally)
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	vmtest.Must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}
