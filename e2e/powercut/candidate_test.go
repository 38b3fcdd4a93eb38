//go:build powercut

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
)

// How many states of one disk are tried in the machine.
const (
	mostOfAKind = 3
	mostOfADisk = 45
)

// A candidate is a state that the machine is to recover from.
type candidate struct {
	image  *crashlog.Image
	spec   string
	wanted demand
}

// propose keeps a state for the machine if there are not enough of its kind yet.
func (j *judge) propose(s crashlog.State, v *view, wanted demand) {
	if j.strategy != job.Editor || len(j.found) >= mostOfADisk {
		return
	}
	kind := j.kind(v, wanted)
	if j.kinds[kind]++; j.kinds[kind] > mostOfAKind {
		return
	}
	j.found = append(j.found, &candidate{s.Image, s.String(), wanted})
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
func (j *judge) patches(t *testing.T) (files []tinyvm.File, names []string, extent int64) {
	t.Helper()
	for i, c := range j.found {
		var patch bytes.Buffer
		must(t, job.WritePatch(&patch, c.image.Sectors()))
		for n := range c.image.Sectors() {
			extent = max(extent, int64(n+1)*512)
		}
		names = append(names, fmt.Sprintf("/states/%s/%d", j.name, i))
		files = append(files, tinyvm.File{Path: names[i], Mode: 0o600, Data: patch.Bytes()})
	}
	// The recoveries write a little behind that, or where the filler leaves space.
	whole := int64(j.megabytes) << 20
	if len(j.free) > 0 {
		return files, names, whole
	}
	return files, names, min(extent+2<<20, whole) &^ 4095
}

// sameDisk reports whether two images have the same content.
func sameDisk(a, b *crashlog.Image) bool {
	one, other := make([]byte, 512), make([]byte, 512)
	for _, image := range []*crashlog.Image{a, b} {
		for n := range image.Sectors() {
			_, errA := a.ReadAt(one, int64(n)*512)
			_, errB := b.ReadAt(other, int64(n)*512)
			if errA != nil || errB != nil || !bytes.Equal(one, other) {
				return false
			}
		}
	}
	return true
}

// patchFiles enters the candidates of all judges into a job and returns their files.
func (r *rig) patchFiles(t *testing.T, judges []*judge, todo *job.Job) []tinyvm.File {
	t.Helper()
	var all []tinyvm.File
	for _, j := range judges {
		files, names, extent := j.patches(t)
		all = append(all, files...)
		todo.Disks = append(todo.Disks, job.Disk{Name: j.name, NotesAt: j.notesAt(), Strategy: j.strategy, States: names, Extent: extent})
	}
	return all
}

// deeper returns a judge of the same disk that has seen nothing yet.
func (j *judge) deeper() *judge {
	return &judge{disk: j.disk, base: j.base, clean: j.clean, sim: j.sim, tally: tally{}, kinds: map[string]int{}}
}
