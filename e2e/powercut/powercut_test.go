//go:build powercut || vm

package powercut

import (
	"flag"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/job"
)

var seed = flag.Uint64("seed", 1, "of the states that are drawn")

// sizes are the payloads of the generations: around the sizes of clusters, up
// and down, and twice the same.
func sizes() []int {
	return []int{1, 300, 313, 512, 1900, 2048, 3850, 4097, 65536, 65535, 1, 30000, 100, 8192, 64, 64, 3000, 65536, 1024, 10}
}

// nearlyFull returns an edit for each number of free clusters up to most.
func nearlyFull(most int) (payloads, free []int) {
	for n := range most {
		payloads = append(payloads, 3000+n)
		free = append(free, n)
	}
	return payloads, free
}

// backAndForth returns edits between few contents of the same size, with so
// little space that each takes clusters of an earlier one.
func backAndForth(clusters int) (payloads, numbers, free []int) {
	for i := range 16 {
		payloads = append(payloads, 700)
		numbers = append(numbers, []int{1, 2, 1, 3, 2}[i%5])
		free = append(free, clusters)
	}
	return payloads, numbers, free
}

func disks() []*disk {
	few := sizes()[:9]
	payloads, free := nearlyFull(28)
	same, numbers, tight := backAndForth(10)
	_, _, loose := backAndForth(14)
	return []*disk{
		{name: "a", bits: 16, cluster: 512, megabytes: 8, strategy: job.Editor, sizes: sizes()},
		{name: "b", bits: 16, cluster: 2048, megabytes: 16, crowd: 20, strategy: job.Editor, sizes: sizes()},
		{name: "c", bits: 16, cluster: 4096, megabytes: 32, strategy: job.Editor, sizes: sizes()},
		{name: "d", bits: 32, cluster: 512, megabytes: 64, strategy: job.Editor, sizes: sizes()},
		{name: "e", bits: 32, cluster: 2048, megabytes: 140, crowd: 20, strategy: job.Editor, sizes: sizes()},
		{name: "f", bits: 32, cluster: 4096, megabytes: 270, strategy: job.Editor, sizes: sizes()},
		{name: "root-full", bits: 32, cluster: 512, megabytes: 40, full: true, strategy: job.Editor, sizes: few},
		{name: "nearly-full", bits: 16, cluster: 512, megabytes: 4, strategy: job.Editor, sizes: payloads, free: free},
		{name: "nearly-full32", bits: 32, cluster: 512, megabytes: 36, strategy: job.Editor, sizes: payloads, free: free},
		{name: "reuse-10", bits: 16, cluster: 512, megabytes: 4, strategy: job.Editor, sizes: same, numbers: numbers, free: tight},
		{name: "reuse-14", bits: 16, cluster: 512, megabytes: 4, strategy: job.Editor, sizes: same, numbers: numbers, free: loose},
		{name: "truncate", bits: 16, cluster: 2048, megabytes: 16, strategy: job.Truncate, sizes: few},
		{name: "rename", bits: 32, cluster: 512, megabytes: 64, strategy: job.Rename, sizes: few},
	}
}

// TestPowerCut is what the package promises.
func TestPowerCut(t *testing.T) {
	t.Logf("seed %d", *seed)
	r := newRig(t)
	all := disks()
	var todo job.Job
	for _, d := range all {
		d.dir = r.dir
		d.make(t)
		work := d.job()
		work.Sizes = d.sizes
		todo.Disks = append(todo.Disks, work)
	}
	logs := r.boot(t, "edits", all, todo, nil)
	start := time.Now()
	judges := make([]*judge, len(all))
	var wait sync.WaitGroup
	for i, d := range all {
		judges[i] = newJudge(t, d, r.scratch(t, d))
		demands := d.demands(t, logs[i])
		wait.Go(func() {
			judges[i].judge("", logs[i], judges[i].base, *seed, func(cut int) demand { return demands[cut] })
		})
	}
	wait.Wait()
	t.Logf("states judged in %s", time.Since(start).Round(time.Millisecond))
	editors := judges[:len(judges)-2]
	recoveries := r.recoverInMachine(t, "recoveries", editors, *seed)
	again := r.recoverInMachine(t, "recoveries-of-recoveries", recoveries, *seed)
	t.Log("\n" + table(judges, recoveries, again))
	verdict(t, judges, recoveries, again)
}

// verdict fails for each bad state of the editor, and if the wrong ways seem right.
func verdict(t *testing.T, depths ...[]*judge) {
	t.Helper()
	for depth, judges := range depths {
		for _, j := range judges {
			bad := 0
			for model, c := range j.tally {
				bad += c.bad
				if c.bad > 0 && j.strategy == job.Editor {
					t.Errorf("%s, depth %d, %s: %d of %d states are bad, the first: %s", j.label(), depth+1, model, c.bad, c.states, c.example)
				}
			}
			if bad == 0 && j.strategy != job.Editor {
				t.Errorf("%s: no bad state: the test is blind", j.strategy)
			}
		}
	}
}

// table shows bad/states.
func table(depths ...[]*judge) string {
	var text strings.Builder
	models := []crashlog.Model{crashlog.Prefix, crashlog.Subset, crashlog.Torn, inMachine}
	fmt.Fprintf(&text, "%-28s %-26s %5s", "strategy", "disk", "depth")
	for _, m := range models {
		fmt.Fprintf(&text, " %14s", m)
	}
	for depth, judges := range depths {
		for _, j := range judges {
			if len(j.tally) == 0 {
				continue
			}
			fmt.Fprintf(&text, "\n%-28s %-26s %5d", j.strategy, j.label(), depth+1)
			for _, m := range models {
				cell := "-"
				if c := j.tally[m]; c != nil {
					cell = fmt.Sprintf("%d/%d", c.bad, c.states)
				}
				fmt.Fprintf(&text, " %14s", cell)
			}
		}
	}
	return text.String()
}
