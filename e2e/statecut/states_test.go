//go:build powercut

package statecut

import (
	"bufio"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/statecut/job"
)

// How many states of one record are tried: at flushes, and of those in between of each model.
const (
	mostAtFlush = 60
	mostBetween = 12
	atATime     = 24 // devices in one machine: it has no more slots
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
			must(t, err)
			step = n.Step
		}
		all = append(all, step)
	}
	return all
}

// pick draws the candidates of a record from its states: the disk as each flush
// leaves it, and a sample of what a disk can do in between. judged tells by the step
// whether a state is looked at.
func pick(t *testing.T, log *crashlog.Log, base *os.File, seed uint64, judged func(step string) bool) []candidate {
	t.Helper()
	step := steps(t, log)
	found := map[crashlog.Model][]candidate{}
	const atFlush crashlog.Model = "at a flush"
	for s := range log.States(base, seed) {
		if !judged(step[s.Cut]) {
			continue
		}
		model := s.Model
		if model == crashlog.Prefix && s.Cut > 0 && log.Ops[s.Cut-1].Flags&(crashlog.Flush|crashlog.Mark) != 0 {
			model = atFlush
		}
		found[model] = append(found[model], candidate{s.Spec, step[s.Cut]})
	}
	random := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a sample that can be drawn again
	var all []candidate
	for _, model := range []crashlog.Model{atFlush, crashlog.Prefix, crashlog.Subset, crashlog.Torn} {
		most := mostBetween
		if model == atFlush {
			most = mostAtFlush
		}
		drawn := found[model]
		if len(drawn) > most {
			random.Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
			drawn = drawn[:most]
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
	log   string // the record of its boots
	image *crashlog.Image
}

// try boots a device from each candidate, in as many machines as it takes.
func (r *rig) try(t *testing.T, name string, log *crashlog.Log, base *os.File, all []candidate, boots []string) []outcome {
	t.Helper()
	var outcomes []outcome
	for from := 0; from < len(all); from += atATime {
		var devices []device
		now := all[from:min(from+atATime, len(all))]
		for i, c := range now {
			image, err := log.Build(base, c.Spec)
			must(t, err)
			d := device{name: fmt.Sprintf("d%d", i), image: filepath.Join(r.dir, fmt.Sprintf("%s-%d.img", name, from+i)), boots: boots}
			r.write(t, d.image, base.Name(), image)
			devices = append(devices, d)
			outcomes = append(outcomes, outcome{candidate: c, image: image})
		}
		reports, logs := r.run(t, fmt.Sprintf("%s-%d", name, from), devices)
		for i, d := range devices {
			outcomes[from+i].boots, outcomes[from+i].log = reports[i], logs[i]
			must(t, os.Remove(d.image))
		}
	}
	return outcomes
}

// write writes a disk with the content of image, which goes by the file base.
func (r *rig) write(t *testing.T, path, base string, image *crashlog.Image) {
	t.Helper()
	run(t, "cp", "--sparse=always", base, path)
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	defer f.Close()
	for n, data := range image.Sectors() {
		_, err := f.WriteAt(data, int64(n)*512)
		must(t, err)
	}
}

// deepest is how many outcomes are cut once more while they recover.
const deepest = 3

// deeper cuts the recovery from power cuts: the boots of those outcomes that wrote
// most before their disk was as it was to be.
func (r *rig) deeper(t *testing.T, name string, log *crashlog.Log, base *os.File, outcomes []outcome, boots []string, good func(outcome) string) {
	t.Helper()
	work := map[int]int{}
	for i, o := range outcomes {
		work[i] = len(readRecord(t, o.log).Ops)
	}
	order := slices.SortedFunc(maps.Keys(work), func(a, b int) int { return work[b] - work[a] })
	for _, i := range order[:min(deepest, len(order))] {
		from := fmt.Sprintf("%s-deeper-%d", name, i)
		path := filepath.Join(r.dir, from+".base.img")
		r.write(t, path, base.Name(), outcomes[i].image)
		again := readRecord(t, outcomes[i].log)
		picked := pick(t, again, open(t, path), *seed, all)
		picked = picked[:min(atATime, len(picked))]
		for n := range picked {
			picked[n].step = outcomes[i].step
		}
		t.Logf("the recovery from %s is cut", outcomes[i].Spec)
		judge(t, r.try(t, from, again, open(t, path), picked, boots), good)
	}
}

// readRecord reads the record of an outcome's boots.
func readRecord(t *testing.T, path string) *crashlog.Log {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer f.Close()
	log, err := crashlog.Parse(bufio.NewReader(f))
	must(t, err)
	log.MarkWrites(job.NotesAt)
	return log
}
