//go:build powercut || vm

package powercut

import (
	"slices"
	"strings"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/vmtest"
)

// A demand says which generations the file may be; none if a power cut is not
// looked at, because the test itself is writing to the disk.
type demand []int

// demands returns, for each number of operations that were carried out, what
// the file must be after a power cut: the old or the new generation while an
// edit runs, the new one from the moment at which the edit has returned. An
// edit that failed has changed nothing.
func (d *disk) demands(t *testing.T, log *crashlog.Log) []demand {
	t.Helper()
	all := []demand{{0}}
	failed, now := 0, 0
	for _, op := range log.Ops {
		next := all[len(all)-1]
		if op.Flags&crashlog.Mark != 0 {
			n, err := job.ParseNote(op.Data)
			vmtest.Must(t, err)
			switch {
			case n.Event == job.Resizing:
				next = nil
			case n.Event == job.Begin:
				next = demand{now, n.N}
			case n.Event == job.End && n.Err != "":
				failed++
				next = demand{now}
				if !strings.Contains(n.Err, "no space left on device") {
					t.Errorf("%s: edit %d failed for no clear reason: %s", d.label(), n.N, n.Err)
				}
			case n.Event == job.End:
				now = n.N
				next = demand{now}
			}
		}
		all = append(all, next)
	}
	if len(d.free) > 0 && d.numbers == nil && (failed == 0 || failed == len(d.free)) {
		t.Errorf("%s: %d of %d edits failed: the disk was never nearly full", d.label(), failed, len(d.free))
	}
	return all
}

// generation returns which of the demanded generations text is, -1 if none.
func (d *disk) generation(text string, wanted demand) int {
	for _, g := range slices.Backward(wanted) {
		if text == d.texts[g] {
			return g
		}
	}
	return -1
}
