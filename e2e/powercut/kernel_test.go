//go:build powercut || vm

package powercut

import (
	"fmt"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/job"
	"resinos.io/shared/atomicfile"
)

// InMachine is the model of the states that the machine has recovered from.
const inMachine crashlog.Model = "by the kernel"

// recoverInMachine lets the machine recover from the candidates of all judges,
// and judges what it made of them, and what a power cut during that would leave.
func (r *rig) recoverInMachine(t *testing.T, round string, judges []*judge, seed uint64) []*judge {
	t.Helper()
	var todo job.Job
	var disks []*disk
	var next []*judge
	files := r.patchFiles(t, judges, &todo)
	for _, j := range judges {
		disks = append(disks, j.disk)
	}
	for i, log := range r.boot(t, round, disks, todo, files) {
		deeper := judges[i].deeper()
		judges[i].judgeMachine(t, log, deeper, seed)
		next = append(next, deeper)
	}
	return next
}

// attempt is what the machine did with one candidate: where in the record.
type attempt map[job.Event]note

func (j *judge) attempts(t *testing.T, log *crashlog.Log) []attempt {
	t.Helper()
	all := make([]attempt, len(j.found))
	for _, n := range notes(t, log) {
		if n.Event == job.Done {
			continue
		}
		if all[n.N] == nil {
			all[n.N] = attempt{}
		}
		all[n.N][n.Event] = n
	}
	return all
}

// judgeMachine judges the recoveries in log; deeper judges the states of a power
// cut during them.
func (j *judge) judgeMachine(t *testing.T, log *crashlog.Log, deeper *judge, seed uint64) {
	t.Helper()
	extent := j.extent(t)
	for i, a := range j.attempts(t, log) {
		c := j.found[i]
		if !isState(log.At(j.base, a[job.Begin].at), c.image, extent) {
			t.Fatalf("%s: the machine has not begun with the state %s", j.label(), c.name)
		}
		again := log.At(j.base, a[job.Again].at)
		generation, fault := j.recovered(a, again, c.wanted)
		if fault == "" {
			fault = j.editedAfter(a, log.At(j.base, a[job.Edited].at))
		}
		j.tally.add(inMachine, c.name, fault)
		if fault != "" {
			continue
		}
		from, to := a[job.Begin].at+1, a[job.Again].at
		segment := &crashlog.Log{SectorSize: log.SectorSize, Ops: log.Ops[from:to]}
		deeper.judge(c.name+"; recovery: ", segment, c.image, seed, func(cut int) demand {
			if from+cut > a[job.Recovered].at {
				return demand{generation}
			}
			return c.wanted
		})
	}
}

// recovered judges the disk after a recovery and an unmount.
func (j *judge) recovered(a attempt, image *crashlog.Image, wanted demand) (generation int, fault string) {
	if text := a[job.Recovered].Err; text != "" {
		return 0, "the recovery failed: " + text
	}
	if again := a[job.Again]; again.Err != "" || again.Outcome != string(atomicfile.Nothing) {
		return 0, "a second recovery: " + again.Outcome + again.Err
	}
	v, err := look(image)
	if err != nil {
		return 0, err.Error()
	}
	generation = j.generation(v.near[job.Config].data, wanted)
	if generation < 0 {
		return 0, fmt.Sprintf("config.json is wrong after the recovery (%s)", a[job.Recovered].Outcome)
	}
	return generation, j.sound(v, a[job.Recovered].Outcome)
}

// editedAfter judges the disk after the edit that follows a recovery.
func (j *judge) editedAfter(a attempt, image *crashlog.Image) string {
	if text := a[job.Edited].Err; text != "" {
		return "the next edit failed: " + text
	}
	v, err := look(image)
	if err != nil {
		return err.Error()
	}
	if v.near[job.Config].data != job.Text(job.AfterRecovery, job.AfterRecoverySize) {
		return "config.json is wrong after the next edit"
	}
	return j.sound(v, "after the next edit")
}

// sound demands that all files are whole, the others unchanged, and nothing left behind.
func (j *judge) sound(v *view, when string) string {
	if fault := v.differs(j.clean); fault != "" {
		return when + ": " + fault
	}
	for name := range v.near {
		if fault := leftover(name); fault != "" {
			return when + ": " + fault
		}
	}
	if !v.report.Sound() {
		return when + ": " + v.report.String()
	}
	return ""
}
