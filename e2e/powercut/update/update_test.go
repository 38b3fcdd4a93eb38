//go:build powercut

package update

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	powercut "resinos.io/e2e/powercut/job"
)

var (
	seed  = flag.Uint64("seed", 1, "of the states that are drawn")
	again = flag.String("again", "", "a folder kept of a test that failed: TestAgain judges its records once more")
)

// TestAgain judges the records of a failed test without a machine.
//
//	go test -tags powercut -run TestAgain -v ./e2e/powercut/update -again ../../../build/e2e-failures/powercut-update
func TestAgain(t *testing.T) {
	if *again == "" {
		t.Skip("judges the records in the folder that -again names")
	}
	d := keptDisk(t, *again)
	g := newGRUB(t, diskDir(t), d.base())
	j := judgeUpdates(t, d, g, readRecord(t, filepath.Join(d.dir, "updates.log")))
	if _, err := os.Stat(filepath.Join(d.dir, "recoveries.log")); err == nil {
		j.judgeRecoveries(t, readRecord(t, filepath.Join(d.dir, "recoveries.log")), *seed).report(t, "recoveries", 0)
	}
}

func judgeUpdates(t *testing.T, d *disk, g *grub, log *crashlog.Log) *judge {
	t.Helper()
	j := newJudge(d, g)
	start := time.Now()
	wanted := demands(t, log)
	j.judge(t, "", log, open(t, d.base()), *seed, func(cut int) demand { return wanted[cut] })
	j.report(t, "updates", time.Since(start))
	blind(t, d, log, wanted)
	return j
}

// blind judges one installation on a disk that takes no notice of flushes. If that
// has no bad state the test sees nothing.
func blind(t *testing.T, d *disk, log *crashlog.Log, wanted []demand) {
	t.Helper()
	from, to := 0, 0
	for _, n := range notes(t, log) {
		if n.Outcome == install("2.0.2") && n.Event == powercut.Begin {
			from = n.at + 1
		} else if n.Outcome == install("2.0.2") {
			to = n.at
		}
	}
	lying := &crashlog.Log{SectorSize: log.SectorSize}
	for _, op := range log.Ops[from:to] {
		op.Flags &^= crashlog.Flush | crashlog.FUA
		lying.Ops = append(lying.Ops, op)
	}
	j := newJudge(d, nil)
	j.judge(t, "", lying, log.At(open(t, d.base()), from), *seed, func(cut int) demand { return wanted[from+cut] })
	bad := 0
	for model, c := range j.tally {
		bad += c.bad
		t.Logf("a disk without flushes, %s: %d of %d states are bad, the first: %s", model, c.bad, c.states, c.first)
	}
	if bad == 0 {
		t.Error("a disk without flushes has no bad state: the test is blind")
	}
}

// TestUpdateSurvivesPowerCuts is what the package promises.
func TestUpdateSurvivesPowerCuts(t *testing.T) {
	r := newRig(t)
	todo := r.job
	todo.Boots = boots()
	log := r.machine(t, "updates", todo, nil)
	j := judgeUpdates(t, r.disk, newGRUB(t, r.dir, r.base()), log)

	todo = r.job
	states, files := j.states(t)
	todo.States = states
	start := time.Now()
	deeper := j.judgeRecoveries(t, r.machine(t, "recoveries", todo, files), *seed)
	deeper.report(t, "recoveries", time.Since(start))
}

// report shows what was judged and fails if a state is bad.
func (j *judge) report(t *testing.T, what string, took time.Duration) {
	t.Helper()
	states := 0
	for _, model := range []crashlog.Model{crashlog.Prefix, crashlog.Subset, crashlog.Torn} {
		c := j.tally[model]
		if c == nil {
			continue
		}
		states += c.states
		t.Logf("%s, %s: %d of %d states are bad", what, model, c.bad, c.states)
		if c.bad > 0 {
			t.Errorf("%s, %s: the first bad state: %s", what, model, c.first)
		}
	}
	t.Logf("%s: %d states in %s, GRUB asked about %d kinds, %d for the machine", what, states, took.Round(time.Second), len(j.seen), len(j.found))
	if states == 0 {
		t.Error("no state was judged: the record is empty")
	}
}
