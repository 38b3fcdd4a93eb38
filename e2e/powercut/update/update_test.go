//go:build powercut

package update

import (
	"flag"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
)

var seed = flag.Uint64("seed", 1, "of the states that are drawn")

// TestUpdateSurvivesPowerCuts is what the package promises.
func TestUpdateSurvivesPowerCuts(t *testing.T) {
	r := newRig(t)
	todo := r.job
	todo.Boots = boots()
	log := r.machine(t, "updates", todo, nil)
	g := newGRUB(t, r.dir, r.base())
	j := newJudge(r.disk, g)
	start := time.Now()
	wanted := demands(t, log)
	j.judge(t, "", log, open(t, r.base()), *seed, func(cut int) demand { return wanted[cut] })
	j.report(t, "updates", time.Since(start))

	todo = r.job
	states, files := j.states(t)
	todo.States = states
	start = time.Now()
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
