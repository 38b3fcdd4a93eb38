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
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	powercut "resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/update/job"
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
	r := &rig{disk: newDisk(t, fastDir(t))}
	var err error
	r.kernel, err = tinyvm.LoadKernel(filepath.Join(top, "build/rootfs.tar"), "virtio_pci", "virtio_blk", "nls_cp437", "nls_ascii", "vfat", "crc32c_generic", "ext4")
	if err != nil {
		t.Fatalf("%v (make image VARIANT=development builds it)", err)
	}
	r.init = r.build(t, "init", "e2e/powercut/update/guest")
	for path, folder := range map[string]string{job.Session: "services/updater/internal/powercut", job.Worker: "services/update-worker"} {
		r.files = append(r.files, tinyvm.File{Path: path, Mode: 0o755, Data: r.build(t, filepath.Base(path), folder)})
	}
	must(t, filepath.WalkDir(r.repo, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		r.files = append(r.files, tinyvm.File{Path: job.Repository + strings.TrimPrefix(path, r.repo), Mode: 0o644, Data: data})
		return err
	}))
	r.job = job.Job{
		Modules: r.kernel.ModuleFiles(), Disk: "disk", NotesAt: notesAt, EnvAt: r.envAt, GoodAt: r.goodAt, Size: diskSize,
		BootOptions: mountOptions(t, "mnt-boot.mount"), StateMount: mountOptions(t, "mnt-state.mount"),
	}
	return r
}

func (r *rig) build(t *testing.T, name, folder string) []byte {
	t.Helper()
	program := filepath.Join(r.dir, name+".bin")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Dir = filepath.Join(top, folder)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("cannot build %s: %v: %s", folder, err, out)
	}
	data, err := os.ReadFile(program)
	must(t, err)
	return data
}

// mountOptions returns the Options= of a mount unit.
func mountOptions(t *testing.T, unit string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, "units/os", unit))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if options, ok := strings.CutPrefix(line, "Options="); ok {
			return strings.TrimSpace(options)
		}
	}
	t.Fatalf("%s has no mount options", unit)
	return ""
}

// machine runs one machine on a copy of the disk and returns the record of its writes.
func (r *rig) machine(t *testing.T, round string, todo job.Job, more []tinyvm.File) *crashlog.Log {
	t.Helper()
	text, err := json.Marshal(todo)
	must(t, err)
	c := tinyvm.Config{Dir: filepath.Join(r.dir, round), Kernel: r.kernel, Init: r.init, Memory: 1024}
	c.Files = append(append(more, r.files...), tinyvm.File{Path: job.File, Mode: 0o600, Data: text})
	must(t, os.Mkdir(c.Dir, 0o700))
	copied := tinyvm.Disk{Serial: r.job.Disk, Image: filepath.Join(r.dir, round+".img"), Log: filepath.Join(r.dir, round+".log")}
	run(t, "cp", "--sparse=always", r.base(), copied.Image)
	c.Disks = []tinyvm.Disk{copied}
	ctx, cancel := context.WithTimeout(t.Context(), machineTime)
	defer cancel()
	start := time.Now()
	console, err := tinyvm.Run(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: the machine took %s; its console:\n%s", round, time.Since(start).Round(time.Millisecond), console)
	must(t, os.Remove(copied.Image))
	return readRecord(t, copied.Log)
}

// readRecord reads a record, and fails if it is not complete.
func readRecord(t *testing.T, path string) *crashlog.Log {
	t.Helper()
	f := open(t, path)
	log, err := crashlog.Parse(bufio.NewReader(f))
	must(t, err)
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
		must(t, err)
		all = append(all, note{n, i})
	}
	return all
}

func (n note) String() string { return fmt.Sprintf("%s of %q in boot %d", n.Event, n.Outcome, n.N) }
