//go:build powercut

package update

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	powercut "resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/update/job"
	"resinos.io/e2e/powercut/vmtest"
	"resinos.io/e2e/program"
)

const machineTime = 8 * time.Minute

// A rig has all that the machines share.
type rig struct {
	*disk
	kernel tinyvm.Kernel
	init   []byte
	files  []tinyvm.File
	job    job.Job
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{disk: newDisk(t, diskDir(t)), kernel: vmtest.Kernel(t, filepath.Join(top, "build/rootfs.tar"), "crc32c_generic", "ext4")}
	r.init = program.Build(t, "guest")
	for path, folder := range map[string]string{job.Session: "services/updater/internal/powercut", job.Worker: "services/update-worker"} {
		r.files = append(r.files, tinyvm.File{Path: path, Mode: 0o755, Data: program.Build(t, filepath.Join(top, folder))})
	}
	vmtest.Must(t, filepath.WalkDir(r.repo, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		r.files = append(r.files, tinyvm.File{Path: job.Repository + strings.TrimPrefix(path, r.repo), Mode: 0o644, Data: data})
		return err
	}))
	r.job = job.Job{
		Modules: r.kernel.ModuleFiles(), Disk: "disk", NotesAt: notesAt, EnvAt: r.envAt, GoodAt: r.goodAt, Size: diskSize,
		BootOptions: vmtest.MountOptions(t, filepath.Join(top, "units/os/mnt-boot.mount")), StateMount: vmtest.MountOptions(t, filepath.Join(top, "units/os/mnt-state.mount")),
	}
	return r
}

// machine runs one machine on a copy of the disk and returns the record of its writes.
func (r *rig) machine(t *testing.T, round string, todo job.Job, more []tinyvm.File) *crashlog.Log {
	t.Helper()
	text, err := json.Marshal(todo)
	vmtest.Must(t, err)
	c := tinyvm.Config{Dir: filepath.Join(r.dir, round), Kernel: r.kernel, Init: r.init, Memory: 1024}
	c.Files = append(append(more, r.files...), tinyvm.File{Path: job.File, Mode: 0o600, Data: text})
	vmtest.Must(t, os.Mkdir(c.Dir, 0o700))
	copied := tinyvm.Disk{Serial: r.job.Disk, Image: filepath.Join(r.dir, round+".img"), Log: filepath.Join(r.dir, round+".log")}
	vmtest.Run(t, "cp", "--sparse=always", r.base(), copied.Image)
	c.Disks = []tinyvm.Disk{copied}
	ctx, cancel := context.WithTimeout(t.Context(), machineTime)
	defer cancel()
	start := time.Now()
	console, err := tinyvm.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: the machine took %s; its console:\n%s", round, time.Since(start).Round(time.Millisecond), console)
	vmtest.Must(t, os.Remove(copied.Image))
	return readRecord(t, copied.Log)
}

// readRecord reads a record, and fails if it is not complete.
func readRecord(t *testing.T, path string) *crashlog.Log {
	t.Helper()
	f := open(t, path)
	log, err := crashlog.Parse(bufio.NewReader(f))
	vmtest.Must(t, err)
	log.MarkWrites(notesAt)
	if all := notes(t, log); len(all) == 0 || all[len(all)-1].Event != powercut.Done {
		t.Fatalf("%s: the record of %d operations does not reach the end", path, len(log.Ops))
	}
	return log
}

// A note has its place in the record.
type note struct {
	powercut.Note
	at int
}

func notes(t *testing.T, log *crashlog.Log) []note {
	t.Helper()
	var all []note
	for i, op := range log.Ops {
		if op.Flags&crashlog.Mark == 0 || len(bytes.Trim(op.Data, "\x00")) == 0 { // a state put back has no note
			continue
		}
		n, err := powercut.ParseNote(op.Data)
		vmtest.Must(t, err)
		all = append(all, note{n, i})
	}
	return all
}

func (n note) String() string { return fmt.Sprintf("%s of %q in boot %d", n.Event, n.Outcome, n.N) }
