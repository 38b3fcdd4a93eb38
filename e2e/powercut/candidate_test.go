//go:build powercut || vm

package powercut

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/vmtest"
)

// How many states of one disk are tried in the machine.
const (
	mostOfAKind = 2
	mostOfADisk = 50
)

// A candidate is a state that the machine is to recover from.
type candidate struct {
	image  *crashlog.Image
	name   string // what led to it
	wanted demand
}

// propose keeps a state for the machine if there are not enough of its kind yet.
func (j *judge) propose(name string, s crashlog.State, v *view, wanted demand) {
	if j.strategy != job.Editor || len(j.found) >= mostOfADisk {
		return
	}
	kind := j.kind(v, wanted)
	if j.kinds[kind]++; j.kinds[kind] > mostOfAKind {
		return
	}
	j.found = append(j.found, &candidate{s.Image, name + s.String(), wanted})
}

// kind tells states apart by what a recovery has to cope with.
func (j *judge) kind(v *view, wanted demand) string {
	kind := fmt.Sprint(len(wanted))
	for _, name := range slices.Sorted(maps.Keys(v.near)) {
		f := v.near[name]
		kind += " " + name
		switch g := j.generation(f.data, wanted); {
		case f.eio:
			kind += " unreadable"
		case name == job.Config && g < 0:
			kind += " other"
		case name == job.Config:
			kind += map[bool]string{false: " old", true: " new"}[g == wanted[len(wanted)-1]]
		}
	}
	for _, faults := range [][]string{v.report.Broken, v.report.Crossed, v.report.Hidden} {
		for _, fault := range faults {
			name, _, _ := strings.Cut(fault, " ")
			kind += ", " + name
		}
		kind += ";"
	}
	return kind
}

// patches returns the candidates as files for the machine.
func (j *judge) patches(t *testing.T) (files []tinyvm.File, names []string) {
	t.Helper()
	for i, c := range j.found {
		var patch bytes.Buffer
		vmtest.Must(t, job.WritePatch(&patch, c.image.Sectors()))
		names = append(names, fmt.Sprintf("/states/%s/%d", j.name, i))
		files = append(files, tinyvm.File{Path: names[i], Mode: 0o600, Data: patch.Bytes()})
	}
	return files, names
}

// isState reports whether a disk is in the state that it was to be put in: in
// all sectors that were ever written in that state, or had content before.
func isState(disk, state *crashlog.Image, extent int64) bool {
	one, other := make([]byte, 512), make([]byte, 512)
	same := func(n uint64) bool {
		_, errA := disk.ReadAt(one, int64(n)*512)
		_, errB := state.ReadAt(other, int64(n)*512)
		return errA == nil && errB == nil && bytes.Equal(one, other)
	}
	for n := range state.Sectors() {
		if !same(n) {
			return false
		}
	}
	for n := range disk.Sectors() {
		if int64(n)*512 < extent && !same(n) {
			return false
		}
	}
	return true
}

// patchFiles enters the candidates of all judges into a job and returns their files.
func (r *rig) patchFiles(t *testing.T, judges []*judge, todo *job.Job) []tinyvm.File {
	t.Helper()
	var all []tinyvm.File
	for _, j := range judges {
		files, names := j.patches(t)
		all = append(all, files...)
		work := j.job()
		work.States, work.Extent = names, j.extent(t)
		todo.Disks = append(todo.Disks, work)
	}
	return all
}

// deeper returns a judge of the same disk that has seen nothing yet.
func (j *judge) deeper() *judge {
	return &judge{disk: j.disk, base: j.base, clean: j.clean, sim: j.sim, tally: tally{}, kinds: map[string]int{}}
}
