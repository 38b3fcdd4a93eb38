//go:build powercut

package update

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/update/choice"
)

// mostBoots is how often a device may boot without a word until it stays with a slot.
const mostBoots = 6

// A judge holds the states of one record to what is demanded.
type judge struct {
	*disk
	grub  *grub           // nil: the real one is not asked, and nothing is kept for the machine
	seen  map[string]bool // what the real GRUB was asked
	tally map[crashlog.Model]*count
	found []*candidate
	kinds map[string]int
}

// A count counts states.
type count struct {
	states, bad int
	first       string // bad one
}

func newJudge(d *disk, g *grub) *judge {
	return &judge{disk: d, grub: g, seen: map[string]bool{}, tally: map[crashlog.Model]*count{}, kinds: map[string]int{}}
}

// judge looks at all states of a record, which began with base. want says what is
// demanded at each cut.
func (j *judge) judge(t *testing.T, name string, log *crashlog.Log, base io.ReaderAt, seed uint64, want func(cut int) demand) {
	t.Helper()
	for s := range log.States(base, seed) {
		d := want(s.Cut)
		fault := j.fault(t, s, d)
		c := j.tally[s.Model]
		if c == nil {
			c = &count{}
			j.tally[s.Model] = c
		}
		c.states++
		if fault != "" {
			if c.bad++; c.bad == 1 {
				c.first = fmt.Sprintf("%s%s (%s): %s", name, s, d.when, fault)
			}
		}
	}
}

// fault says what is wrong with a state, "" for nothing.
func (j *judge) fault(t *testing.T, s crashlog.State, d demand) string {
	v, err := look(s.Image)
	if err != nil {
		return err.Error()
	}
	if fault := j.others(v); fault != "" {
		return fault
	}
	starts, fault := j.starts(v)
	if fault != "" {
		return fault
	}
	if next, atLast := starts[0], starts[len(starts)-1]; !d.meets(next, atLast) {
		return fmt.Sprintf("it starts %v, want %+v or %+v", starts, d.was, d.now)
	}
	if j.grub != nil {
		j.ask(t, s.Image, v, starts)
		j.propose(s, v, d)
	}
	return ""
}

// starts returns the slots that the device starts, boot after boot, until it stays
// with one: all must be whole.
func (j *judge) starts(v *view) (slots []string, fault string) {
	env, good := v.file(envFile), v.file(goodFile)
	for range mostBoots {
		c := choice.Of(env, good)
		slots = append(slots, c.Slot)
		if fault := j.whole(v, c.Slot); fault != "" {
			return nil, fmt.Sprintf("boot %d would be from slot %s: %s; the environment is %q", len(slots), c.Slot, fault, bytes.TrimRight(env, "#"))
		}
		if c.Write == nil {
			return slots, ""
		}
		env = c.Write
	}
	return nil, fmt.Sprintf("it goes on changing its mind: %v", slots)
}

// release returns what a slot holds, nil if that is nothing whole.
func (j *judge) release(v *view, slot string) *version {
	sum := v.holds[map[string]int{"A": 0, "B": 1}[slot]]
	i := slices.IndexFunc(j.versions, func(r *version) bool { return r.sum == sum && sum != [sha256.Size]byte{} })
	if i < 0 {
		return nil
	}
	return j.versions[i]
}

// whole demands that a slot holds a release, and that its boot files are there.
func (j *judge) whole(v *view, slot string) string {
	r := j.release(v, slot)
	if r == nil {
		return "it holds nothing whole"
	}
	for name, data := range r.boot {
		if got := v.file(name); !bytes.Equal(got, data) {
			return fmt.Sprintf("it holds %s, but %s has %d of %d bytes", r.name, name, len(got), len(data))
		}
	}
	return ""
}

// others demands that nothing else on the boot partition is other than it was, and
// that no file shares clusters with one of those.
func (j *judge) others(v *view) string {
	for name, was := range j.files {
		if is := v.files[name]; is != was && name != envFile && name != goodFile {
			return fmt.Sprintf("%s has changed: %d bytes, unreadable %v", name, len(is), is == unreadable)
		}
	}
	for name := range v.files {
		if _, was := j.files[name]; !was && !j.added(name) {
			return fmt.Sprintf("%q has appeared", name)
		}
	}
	for _, fault := range append(slices.Clone(v.report.Broken), v.report.Hidden...) {
		name, _, _ := strings.Cut(strings.TrimPrefix(fault, "/"), ":")
		if !j.added(name) {
			return "broken: " + fault
		}
	}
	for _, fault := range v.report.Crossed {
		one, other, _ := strings.Cut(fault, " with ")
		other, _, _ = strings.Cut(other, " at ")
		if !j.added(strings.TrimPrefix(one, "/")) || !j.added(strings.TrimPrefix(other, "/")) {
			return "shared clusters: " + fault
		}
	}
	return ""
}

// added says whether a file is one that a release adds, or a neighbour that it has
// while it is being added.
func (j *judge) added(name string) bool {
	for _, r := range j.versions {
		for boot := range r.boot {
			stem, _, _ := strings.Cut(path.Base(boot), ".")
			base, _, _ := strings.Cut(path.Base(name), ".")
			if strings.HasPrefix(boot, strings.TrimSuffix(name, "/")+"/") || path.Dir(name) == path.Dir(boot) && strings.EqualFold(stem, base) {
				return true
			}
		}
	}
	return false
}

// ask asks the real GRUB what it starts, once for each kind of disk.
func (j *judge) ask(t *testing.T, state *crashlog.Image, v *view, starts []string) {
	t.Helper()
	if j.seen[v.key()] {
		return
	}
	j.seen[v.key()] = true
	j.grub.become(t, state)
	env := v.file(envFile)
	for i, want := range starts {
		slot, version, left := j.grub.boot(t, j.disk)
		if c := choice.Of(env, v.file(goodFile)); c.Write != nil {
			env = c.Write
		}
		if slot != want || version != j.release(v, want).name || !bytes.Equal(left, env) {
			t.Fatalf("boot %d: the real GRUB starts %q with %s and leaves %q, the model %s and %q", i+1, slot, version, left, want, env)
		}
	}
}
