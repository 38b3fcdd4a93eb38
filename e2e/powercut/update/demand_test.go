//go:build powercut

package update

import (
	"fmt"
	"testing"

	"resinos.io/e2e/crashlog"
	powercut "resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/update/job"
	"resinos.io/e2e/powercut/vmtest"
)

// A stage is what the device must start after a power cut: next, and when every
// boot after that ends without a word.
type stage struct{ next, atLast string }

// A scene is one boot of the record, and what is demanded when the boot loader has
// counted and after each of its steps.
type scene struct {
	job.Boot
	counted stage
	after   []stage
}

func install(version string) string { return "install:" + job.Repository + ":" + version }

// scenes are the boots: an update from A to B that is cut off once, left in order
// once and then proves itself; one from B to A that fails its trial; the way back;
// and one that is taken back before its first boot.
func scenes() []scene {
	onA, onB := stage{"A", "A"}, stage{"B", "B"}
	tryB, tryA := stage{"B", "A"}, stage{"A", "B"}
	return []scene{
		{job.Boot{Slot: "A", Steps: []string{"resume", install("2.0.1"), "leave"}}, onA, []stage{onA, tryB, tryB}},
		{job.Boot{Slot: "B", Steps: []string{"resume"}}, tryB, []stage{tryB}},
		{job.Boot{Slot: "B", Steps: []string{"resume", "leave"}}, tryB, []stage{tryB, tryB}},
		{job.Boot{Slot: "B", Steps: []string{"resume", "pass", install("2.0.2")}}, tryB, []stage{tryB, onB, tryA}},
		{job.Boot{Slot: "A", Steps: []string{"resume", "fail"}}, tryA, []stage{tryA, onB}},
		{job.Boot{Slot: "B", Steps: []string{"resume", install("2.0.3"), "rollback", "leave"}}, onB, []stage{onB, tryA, onB, onB}},
	}
}

func boots() []job.Boot {
	var all []job.Boot
	for _, s := range scenes() {
		all = append(all, s.Boot)
	}
	return all
}

// A demand is what a state must fulfil: one of two stages, the same if nothing
// is under way.
type demand struct {
	when     string
	was, now stage
}

// demands returns the demand for each number of operations that were carried out.
func demands(t *testing.T, log *crashlog.Log) []demand {
	t.Helper()
	all := scenes()
	current := demand{when: "the beginning", was: stage{"A", "A"}, now: stage{"A", "A"}}
	each := []demand{current}
	step := 0
	for _, op := range log.Ops {
		if op.Flags&crashlog.Mark != 0 {
			n, err := powercut.ParseNote(op.Data)
			vmtest.Must(t, err)
			if n.Event == powercut.Begin || n.Event == powercut.End {
				var to stage
				if n.Outcome == "count" {
					step, to = 0, all[n.N].counted
				} else {
					if all[n.N].Steps[step] != n.Outcome {
						step++
					}
					if n.Event == powercut.Begin && n.Outcome == "resume" {
						step = 0
					}
					to = all[n.N].after[step]
				}
				current.when = fmt.Sprintf("boot %d, %s of %s", n.N, n.Event, n.Outcome)
				current.now = to
				if n.Event == powercut.End {
					current.was = to
				}
			}
		}
		each = append(each, current)
	}
	return each
}

// meets says whether what the device starts is demanded.
func (d demand) meets(next, atLast string) bool {
	return (next == d.was.next || next == d.now.next) && (atLast == d.was.atLast || atLast == d.now.atLast)
}
