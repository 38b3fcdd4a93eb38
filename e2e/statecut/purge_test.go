//go:build powercut

package statecut

import (
	"slices"
	"testing"
)

const (
	// asked is a used device whose owner asks for a purge.
	asked = `. /run/rig/device.sh
early
use
start_bus
start_daemon state-binder
wait_for 'property State1 Service1 State' 's "ready"'
note asking
busctl call io.resinos.State1 /io/resinos/State1 io.resinos.State1 Purge 'sa{sv}' all 0
note asked`
	// purged is the boot after it.
	purged = `. /run/rig/device.sh
note purging
early
sweep
note done`
	// naive is how not to do it: in place, and by one file after the other.
	naive = `. /run/rig/device.sh
early
use
note asking
rm -rf /mnt/state/root-overlay/* && sync
rm -rf /mnt/data/root-overlay/* && sync
note asked`
)

// lookSwept is look in a boot that goes on until nothing is left to delete.
const lookSwept = look + `
sweep
echo "left $(find /mnt/state/.trash /mnt/data/.trash -mindepth 1 | wc -l)"`

// TestPurge cuts the asking for a purge, the purge, and the deletion after it: the
// device has all that it had or nothing of it, and nothing of it once the request
// was accepted. Its identity stays.
func TestPurge(t *testing.T) {
	r := newRig(t)
	base := open(t, r.base)
	was := r.reference(t, r.base, ". /run/rig/device.sh\nearly\nuse")
	is := r.reference(t, r.base, ". /run/rig/device.sh\nearly\nidentity")
	log, _ := r.record(t, "purge", r.base, asked, purged)
	afterAsking := func(step string) bool { return step != "" }
	outcomes := r.try(t, log, base, pick(t, log, base, large, afterAsking), []string{look, lookSwept})
	good := func(o outcome) string {
		wanted := []string{is}
		if o.step == "asking" {
			wanted = append(wanted, was)
		}
		if text := fault(o, []string{"partition"}, wanted...); text != "" {
			return text
		}
		if _, facts := split(o.boots[1]); facts["left"] != "0" {
			return "there is still something to delete: " + facts["left"]
		}
		return ""
	}
	judge(t, outcomes, good)
	r.again(t, "purge", base, outcomes, []string{look, lookSwept}, good)
}

// TestNaivePurge holds a purge that is wrong to the demands: most of its states must be bad.
func TestNaivePurge(t *testing.T) {
	r := newRig(t)
	base := open(t, r.base)
	was := r.reference(t, r.base, ". /run/rig/device.sh\nearly\nuse")
	is := r.reference(t, r.base, ". /run/rig/device.sh\nearly\nidentity")
	log, _ := r.record(t, "naive", r.base, naive)
	picked := pick(t, log, base, small, func(step string) bool { return step == "asking" })
	outcomes := r.try(t, log, base, picked, []string{look, look})
	bad := func(o outcome) bool { return fault(o, []string{"partition"}, was, is) != "" }
	if !slices.ContainsFunc(outcomes, bad) {
		t.Error("no state is bad: the test is blind")
	}
}
