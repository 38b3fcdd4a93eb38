//go:build powercut

package statecut

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/vmtest"
	"resinos.io/e2e/statecut/job"
)

// A sample says how many states of one record are tried: as a flush has left them, and
// of each way in which they can be in between.
type sample struct{ atFlush, between int }

// The samples of a record, and of a recovery from one of its states.
var (
	large = sample{100, 10}
	small = sample{12, 3}
)

// A candidate is a state that a device is to boot from.
type candidate struct {
	crashlog.Spec
	step string // the last note before the cut
}

// steps returns for each number of operations that were carried out the last note
// before it, "" before the first.
func steps(t *testing.T, log *crashlog.Log) []string {
	t.Helper()
	all := []string{""}
	for _, op := range log.Ops {
		step := all[len(all)-1]
		if op.Flags&crashlog.Mark != 0 {
			n, err := job.ParseNote(op.Data)
			vmtest.Must(t, err)
			step = n.Step
		}
		all = append(all, step)
	}
	return all
}

// pick draws the candidates of a record from its states: the disk as each flush
// leaves it, and a sample of what a disk can do in between. judged tells by the step
// whether a state is looked at.
func pick(t *testing.T, log *crashlog.Log, base *os.File, most sample, judged func(step string) bool) []candidate {
	t.Helper()
	if *few {
		most = small
	}
	step := steps(t, log)
	found := map[crashlog.Model][]candidate{}
	const atFlush crashlog.Model = "at a flush"
	for s := range log.States(base, *seed) {
		if !judged(step[s.Cut]) {
			continue
		}
		model := s.Model
		if model == crashlog.Prefix && s.Cut > 0 && log.Ops[s.Cut-1].Flags&(crashlog.Flush|crashlog.Mark) != 0 {
			model = atFlush
		}
		found[model] = append(found[model], candidate{s.Spec, step[s.Cut]})
	}
	random := rand.New(rand.NewPCG(*seed, 7)) //nolint:gosec // a sample that can be drawn again
	var all []candidate
	for _, model := range []crashlog.Model{atFlush, crashlog.Prefix, crashlog.Subset, crashlog.Torn} {
		limit := most.between
		if model == atFlush {
			limit = most.atFlush
		}
		drawn := found[model]
		if len(drawn) > limit {
			random.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
			drawn = drawn[:limit]
		}
		t.Logf("%d of %d states %s", len(drawn), len(found[model]), model)
		all = append(all, drawn...)
	}
	if len(all) == 0 {
		t.Fatal("there is no state to boot from: nothing was recorded")
	}
	return all
}

// An outcome is what became of a candidate.
type outcome struct {
	candidate
	boots []job.Boot
	image *crashlog.Image
}

// try boots a device from each candidate.
func (r *rig) try(t *testing.T, log *crashlog.Log, base *os.File, all []candidate, boots []string) []outcome {
	t.Helper()
	began := time.Now()
	var outcomes []outcome
	path := filepath.Join(r.dir, "state.img")
	for _, c := range all {
		image, err := log.Build(base, c.Spec)
		vmtest.Must(t, err)
		r.write(t, path, base.Name(), image)
		outcomes = append(outcomes, outcome{c, r.boot(t, path, boots...), image})
	}
	t.Logf("%d states in %s", len(all), time.Since(began).Round(time.Millisecond))
	return outcomes
}

// write writes a disk with the content of image, which goes by the file base.
func (r *rig) write(t *testing.T, path, base string, image *crashlog.Image) {
	t.Helper()
	vmtest.Run(t, "cp", "--sparse=always", base, path)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	vmtest.Must(t, err)
	defer f.Close()
	for n, data := range image.Sectors() {
		_, err := f.WriteAt(data, int64(n)*512)
		vmtest.Must(t, err)
	}
}

// deepest is how many outcomes are tried again in the machine.
const deepest = 2

// again lets the image's own kernel recover from some of the states, spread over the
// record, and cuts that recovery in turn.
func (r *rig) again(t *testing.T, name string, base *os.File, outcomes []outcome, boots []string, good func(outcome) string) {
	t.Helper()
	var devices []device
	var tried []outcome
	for n := range deepest {
		o := outcomes[(2*n+1)*len(outcomes)/(2*deepest)]
		d := device{name: fmt.Sprintf("again%d", n), image: filepath.Join(r.dir, fmt.Sprintf("%s-again-%d.img", name, n)), boots: boots}
		r.write(t, d.image, base.Name(), o.image)
		vmtest.Run(t, "cp", "--sparse=always", d.image, d.image+".base")
		devices, tried = append(devices, d), append(tried, o)
	}
	reports, logs := r.run(t, name+"-again", devices)
	for n := range tried {
		tried[n].boots = reports[n]
	}
	judge(t, tried, good)
	for n, o := range tried {
		recovery, under := readRecord(t, logs[n]), open(t, devices[n].image+".base")
		picked := pick(t, recovery, under, small, all)
		for i := range picked {
			picked[i].step = o.step
		}
		t.Logf("the recovery from %s is cut", o.Spec)
		judge(t, r.try(t, recovery, under, picked, boots), good)
	}
}

// readRecord reads the record of an outcome's boots.
func readRecord(t *testing.T, path string) *crashlog.Log {
	t.Helper()
	f, err := os.Open(path)
	vmtest.Must(t, err)
	defer f.Close()
	log, err := crashlog.Parse(bufio.NewReader(f))
	vmtest.Must(t, err)
	log.MarkWrites(job.NotesAt)
	return log
}
