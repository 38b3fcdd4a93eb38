//go:build powercut || vm

package powercut

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/vmtest"
	"resinos.io/e2e/program"
)

const (
	top         = "../.."
	machineTime = 3 * time.Minute
)

// A rig has all that the machines share.
type rig struct {
	dir     string
	kernel  tinyvm.Kernel
	init    []byte
	options string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{kernel: vmtest.Kernel(t, filepath.Join(top, "build/rootfs.tar"))}
	r.dir = vmtest.Dir(t, "powercut", func(dir string) {
		if t.Failed() {
			keep(t, dir)
		}
	})
	r.options = vmtest.MountOptions(t, filepath.Join(top, "units/os/mnt-boot.mount"))
	r.init = program.Build(t, "guest")
	return r
}

// failures is where the disks and records of a failed test are kept.
const failures = top + "/build/e2e-failures/powercut"

// keep keeps what it takes to build any state again, see TestState. A test that
// has failed before it had a disk leaves what an earlier one has kept.
func keep(t *testing.T, dir string) {
	found, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err == nil && len(found) == 0 {
		return
	}
	if err == nil {
		err = errors.Join(os.RemoveAll(failures), os.MkdirAll(failures, 0o755))
	}
	if err == nil {
		args := append([]string{"-r", "--sparse=always"}, append(found, failures)...)
		err = exec.Command("cp", args...).Run() // the test's context has ended
	}
	if err != nil {
		t.Logf("cannot keep the disks and records: %v", err)
		return
	}
	t.Logf("the disks and records are in %s", failures)
}

// boot runs one machine and returns the record of each disk's writes.
func (r *rig) boot(t *testing.T, round string, disks []*disk, todo job.Job, files []tinyvm.File) []*crashlog.Log {
	t.Helper()
	todo.Modules, todo.Options = r.kernel.ModuleFiles(), r.options
	text, err := json.Marshal(todo)
	vmtest.Must(t, err)
	c := tinyvm.Config{Dir: filepath.Join(r.dir, round), Kernel: r.kernel, Init: r.init}
	c.Files = append(files, tinyvm.File{Path: job.File, Mode: 0o600, Data: text})
	vmtest.Must(t, os.Mkdir(c.Dir, 0o700))
	for _, d := range disks {
		c.Disks = append(c.Disks, d.fresh(t, round))
	}
	ctx, cancel := context.WithTimeout(t.Context(), machineTime)
	defer cancel()
	start := time.Now()
	if _, err := tinyvm.Run(ctx, c); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: the machine took %s", round, time.Since(start).Round(time.Millisecond))
	var logs []*crashlog.Log
	for i, d := range disks {
		logs = append(logs, readLog(t, c.Disks[i].Log, d))
		vmtest.Must(t, os.Remove(c.Disks[i].Image))
	}
	return logs
}

// readLog reads a record, and fails if it is not complete: a rig that has seen
// nothing must not be content.
func readLog(t *testing.T, file string, d *disk) *crashlog.Log {
	t.Helper()
	f, err := os.Open(file)
	vmtest.Must(t, err)
	defer f.Close()
	log, err := crashlog.Parse(bufio.NewReader(f))
	if err != nil {
		t.Fatalf("disk %s: %v", d.name, err)
	}
	log.MarkWrites(d.notesAt())
	if last := notes(t, log); len(last) == 0 || last[len(last)-1].Event != job.Done {
		t.Fatalf("disk %s: the record of %d operations does not reach the end: notes %v", d.name, len(log.Ops), last)
	}
	return log
}

// A note has its place in the record.
type note struct {
	job.Note
	at int
}

func notes(t *testing.T, log *crashlog.Log) []note {
	t.Helper()
	var all []note
	for i, op := range log.Ops {
		if op.Flags&crashlog.Mark == 0 {
			continue
		}
		n, err := job.ParseNote(op.Data)
		vmtest.Must(t, err)
		all = append(all, note{n, i})
	}
	return all
}

// scratch makes a directory for the simulated recoveries of one disk.
func (r *rig) scratch(t *testing.T, d *disk) string {
	t.Helper()
	dir := filepath.Join(r.dir, "scratch-"+d.name)
	vmtest.Must(t, os.Mkdir(dir, 0o700))
	return dir
}
