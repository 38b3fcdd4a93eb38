//go:build powercut

package update

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/e2e/crashlog"
	powercut "resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/update/choice"
	"resinos.io/e2e/powercut/update/job"
	"resinos.io/e2e/powercut/vmtest"
)

// How many states are tried in the machine.
const (
	mostOfAKind = 1
	mostInAll   = 60
	deepEvery   = 10 // of these, one of which is judged what a power cut during the recovery leaves
)

// A candidate is a state that the machine is to recover from, as the boot loader
// has left it.
type candidate struct {
	image *crashlog.Image
	name  string
	slot  string
	runs  string // version
}

// propose keeps a state for the machine if there is none of its kind yet.
func (j *judge) propose(s crashlog.State, v *view, d demand) {
	files := ""
	for name := range v.files {
		if _, was := j.files[name]; !was {
			files += fmt.Sprintf("%s %d;", name, len(v.files[name]))
		}
	}
	kind := d.when + string(bytes.TrimRight(v.file(envFile), "#")) + fmt.Sprint(len(files), v.report.Sound())
	if j.kinds[kind]++; j.kinds[kind] > mostOfAKind || len(j.found) >= mostInAll {
		return
	}
	image := s.Image.Clone()
	c := choice.Of(v.file(envFile), v.file(goodFile))
	if c.Write != nil {
		image.Write(uint64(j.envAt/sector), c.Write)
	}
	j.found = append(j.found, &candidate{image, s.String() + " (" + d.when + ")", c.Slot, j.release(v, c.Slot).name})
}

// check does to the state partition what the device does before it mounts it:
// systemd-fsck, with fsck.repair=yes. The kernel alone cannot mount one whose
// superblock was torn.
func (j *judge) check(t *testing.T, c *candidate) {
	t.Helper()
	before := make([]byte, stateSize*mib)
	_, err := c.image.ReadAt(before, stateAt)
	vmtest.Must(t, err)
	part := filepath.Join(j.grub.dir, "state.part")
	vmtest.Must(t, os.WriteFile(part, before, 0o600))
	out, err := exec.CommandContext(t.Context(), "/usr/sbin/e2fsck", "-y", part).CombinedOutput()
	// 1 and 2: errors were corrected, see e2fsck(8).
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() > 3) {
		t.Errorf("%s: the state partition is beyond repair: %v: %s", c.name, err, out)
	}
	after, err := os.ReadFile(part)
	vmtest.Must(t, err)
	for at := 0; at < len(after); at += sector {
		if !bytes.Equal(before[at:at+sector], after[at:at+sector]) {
			c.image.Write(uint64(stateAt+at)/sector, after[at:at+sector])
		}
	}
}

// last is the release that every recovered device installs at the end.
func (d *disk) last() *version { return d.versions[len(d.versions)-1] }

// states returns the candidates for the machine, and their files.
func (j *judge) states(t *testing.T) (states []job.State, files []tinyvm.File) {
	t.Helper()
	var packer job.Packer
	for i, c := range j.found {
		j.check(t, c)
		var patch []byte
		for n, data := range c.image.Sectors() {
			patch = packer.Add(patch, n, data)
		}
		name := fmt.Sprint("/states/", i)
		files = append(files, tinyvm.File{Path: name, Mode: 0o600, Data: patch})
		steps := []string{"resume", "pass", "resume"}
		if c.runs != j.last().name {
			steps = append(steps, install(j.last().name))
		}
		states = append(states, job.State{Patch: name, Slot: c.slot, Steps: steps})
	}
	return states, append(files, tinyvm.File{Path: job.Pool, Mode: 0o600, Data: packer.Pool})
}

// judgeRecoveries judges what the machine made of the candidates: the updater read
// what it had, ended the trial, installed the next release; and what a power cut
// in the course of that leaves.
func (j *judge) judgeRecoveries(t *testing.T, log *crashlog.Log, seed uint64) *judge {
	t.Helper()
	deeper := newJudge(j.disk, j.grub)
	base := open(t, j.base())
	begin := 0
	for _, n := range notes(t, log) {
		switch n.Event {
		case powercut.Begin:
			begin = n.at
		case powercut.Recovered:
			c := j.found[n.N]
			if n.Err != "" {
				t.Errorf("%s: the recovery failed: %s", c.name, n.Err)
				continue
			}
			end := log.At(base, n.at)
			v, err := look(end)
			vmtest.Must(t, err)
			if fault := j.recovered(v, c); fault != "" {
				t.Errorf("%s: after the recovery: %s; the updater shows %s", c.name, fault, n.Outcome)
			}
			if n.N%deepEvery != 0 {
				continue
			}
			segment := &crashlog.Log{SectorSize: log.SectorSize, Ops: log.Ops[begin+1 : n.at]}
			other := string(map[string]string{"A": "B", "B": "A"}[c.slot])
			any := demand{when: "recovery of " + c.name, was: stage{c.slot, other}, now: stage{other, c.slot}}
			deeper.judge(t, "", segment, log.At(base, begin), seed, func(int) demand { return any })
		}
	}
	return deeper
}

// recovered demands that the device starts the release that was installed last, and
// goes back to the one that installed it; and that nothing is left behind.
func (j *judge) recovered(v *view, c *candidate) string {
	if fault := j.others(v); fault != "" {
		return fault
	}
	starts, fault := j.starts(v)
	if fault != "" {
		return fault
	}
	if r := j.release(v, starts[0]); c.runs != j.last().name && (r.name != j.last().name || starts[len(starts)-1] != c.slot) {
		return fmt.Sprintf("it starts %v, first with %s", starts, r.name)
	}
	for name := range v.files {
		if strings.HasSuffix(name, ".JNL") || strings.HasSuffix(name, ".TMP") {
			return name + " is left behind"
		}
	}
	if !v.report.Sound() {
		return v.report.String()
	}
	return ""
}
