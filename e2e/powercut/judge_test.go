//go:build powercut || vm

package powercut

import (
	"fmt"
	"io"
	"os"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/vmtest"
)

// A judge holds the states of one disk to what is demanded.
type judge struct {
	*disk
	base  io.ReaderAt
	clean *view // before the first edit
	sim   *simulator
	tally tally
	found []*candidate // for the machine
	kinds map[string]int
}

// A tally counts states.
type tally map[crashlog.Model]*count

type count struct {
	states, bad int
	example     string // the first bad one
}

func (t tally) add(model crashlog.Model, state, fault string) {
	if t[model] == nil {
		t[model] = &count{}
	}
	c := t[model]
	c.states++
	if fault == "" {
		return
	}
	if c.bad++; c.bad == 1 {
		c.example = state + ": " + fault
	}
}

func newJudge(t *testing.T, d *disk, dir string) *judge {
	t.Helper()
	f, err := os.Open(d.base())
	vmtest.Must(t, err)
	t.Cleanup(func() { f.Close() })
	j := &judge{disk: d, base: f, sim: newSimulator(dir), tally: tally{}, kinds: map[string]int{}}
	j.clean, err = look(j.base)
	vmtest.Must(t, err)
	if !j.clean.report.Sound() || j.generation(j.clean.near[job.Config].data, demand{0}) != 0 {
		t.Fatalf("%s: the file system is not sound to begin with: %s", d.label(), j.clean.report)
	}
	return j
}

// fault says what is wrong with a state after the simulated recovery, if the
// strategy has one.
func (j *judge) fault(v *view, wanted demand) string {
	if fault := v.differs(j.clean); fault != "" {
		return fault
	}
	if j.strategy != job.Editor {
		f, ok := v.near[job.Config]
		if !ok || f.eio || j.generation(f.data, wanted) < 0 {
			return fmt.Sprintf("config.json: there %v, unreadable %v, %d bytes, want generation %v", ok, f.eio, len(f.data), wanted)
		}
		return ""
	}
	r := j.sim.recover(v)
	if r.fault != "" {
		return r.fault
	}
	for _, text := range r.texts {
		if j.generation(text, wanted) < 0 {
			return fmt.Sprintf("config.json has %d bytes after the recovery, want generation %v", len(text), wanted)
		}
	}
	return ""
}

// judge looks at all states of a record, which began where name says. demands is
// for each cut; whether a state is tried in the machine is decided by propose.
func (j *judge) judge(name string, log *crashlog.Log, base io.ReaderAt, seed uint64, demands func(cut int) demand) {
	for s := range log.States(base, seed) {
		wanted := demands(s.Cut)
		if wanted == nil {
			continue
		}
		v, err := look(s.Image)
		if err != nil {
			j.tally.add(s.Model, name+s.String(), err.Error())
			continue
		}
		j.tally.add(s.Model, name+s.String(), j.fault(v, wanted))
		j.propose(name, s, v, wanted)
	}
}
