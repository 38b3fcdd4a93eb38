//go:build powercut

package statecut

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/vmtest"
	"resinos.io/e2e/program"
	"resinos.io/e2e/statecut/job"
)

const (
	build       = "../../build"
	machineTime = 10 * time.Minute
	rootSerial  = "root"
)

// A rig has all that the machines share.
type rig struct {
	dir    string
	kernel tinyvm.Kernel
	init   []byte
	files  []tinyvm.File
	rigDir string // with files, for devices on this machine
	base   string // the disk of a device that was never used
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{kernel: vmtest.Kernel(t, filepath.Join(build, "rootfs.tar"), "crc32c_generic", "ext4")}
	r.dir = vmtest.Dir(t, "statecut", func(string) {})
	r.rigDir = filepath.Join(r.dir, "rig")
	vmtest.Must(t, os.Mkdir(r.rigDir, 0o755))
	r.init = program.Build(t, "guest")
	for name, path := range map[string]string{"machine-id": "../../image/rootfs/machine-id", "device.sh": "device.sh"} {
		text, err := os.ReadFile(path)
		vmtest.Must(t, err)
		vmtest.Must(t, os.WriteFile(filepath.Join(r.rigDir, name), text, 0o755))
		r.files = append(r.files, tinyvm.File{Path: job.Files + "/" + name, Mode: 0o755, Data: text})
	}
	r.makeBase(t)
	return r
}

// partitions are those of the disk, with their sizes in MiB, one behind the other.
var partitions = []struct {
	label string
	size  int
}{{"resin-boot", 64}, {"resin-state", 20}, {"resin-data", 256}}

// makeBase puts the image's partitions onto a disk.
func (r *rig) makeBase(t *testing.T) {
	t.Helper()
	r.base = filepath.Join(r.dir, "base.img")
	total := 2
	table := "label: gpt\nfirst-lba: 2048\n"
	for _, p := range partitions {
		table += fmt.Sprintf("size=%dMiB, name=%s\n", p.size, p.label)
		total += p.size
	}
	vmtest.Must(t, os.WriteFile(r.base, nil, 0o600))
	vmtest.Must(t, os.Truncate(r.base, int64(total)<<20))
	command := exec.CommandContext(t.Context(), "sfdisk", "--quiet", r.base)
	command.Stdin = strings.NewReader(table)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("cannot run sfdisk: %v: %s", err, out)
	}
	for i, p := range partitions {
		vmtest.Run(t, "dd", "if="+filepath.Join(build, "work/development", p.label+".img"), "of="+r.base,
			"bs=1M", fmt.Sprintf("seek=%d", start(i)), "conv=notrunc,sparse", "status=none")
	}
}

// start returns where a partition begins, in MiB.
func start(partition int) int {
	at := 1
	for _, p := range partitions[:partition] {
		at += p.size
	}
	return at
}

// A device is one disk and the scripts that it boots.
type device struct {
	name  string
	image string // written to
	boots []string
}

// run boots devices in one machine and returns what each boot reported, and the
// record of each disk's writes.
func (r *rig) run(t *testing.T, name string, devices []device) ([][]job.Boot, []string) {
	t.Helper()
	dir := filepath.Join(r.dir, name)
	vmtest.Must(t, os.Mkdir(dir, 0o700))
	c := tinyvm.Config{Dir: dir, Kernel: r.kernel, Init: r.init}
	todo := job.Job{Modules: r.kernel.ModuleFiles(), Root: rootSerial}
	c.Disks = []tinyvm.Disk{{Serial: rootSerial, Image: filepath.Join(build, "work/development/resin-rootA.img")}}
	var logs []string
	for _, d := range devices {
		logs = append(logs, filepath.Join(dir, d.name+".log"))
		c.Disks = append(c.Disks, tinyvm.Disk{Serial: d.name, Image: d.image, Log: logs[len(logs)-1]})
		todo.Disks = append(todo.Disks, job.Disk{Name: d.name, Boots: d.boots})
	}
	text, err := json.Marshal(todo)
	vmtest.Must(t, err)
	c.Files = append(r.files, tinyvm.File{Path: job.File, Mode: 0o600, Data: text})
	ctx, cancel := context.WithTimeout(t.Context(), machineTime)
	defer cancel()
	began := time.Now()
	console, err := tinyvm.Run(ctx, c)
	vmtest.Must(t, err)
	reports, err := job.Reports(console)
	vmtest.Must(t, err)
	t.Logf("%s: the machine with %d devices took %s", name, len(devices), time.Since(began).Round(time.Millisecond))
	var all [][]job.Boot
	for _, d := range devices {
		boots := reports[d.name]
		if len(boots) != len(d.boots) {
			t.Fatalf("device %s: %d of %d boots are reported:\n%s", d.name, len(boots), len(d.boots), console)
		}
		all = append(all, boots)
	}
	return all, logs
}

// record boots one device from image, once for each script, and returns the record of
// its disk's writes.
func (r *rig) record(t *testing.T, name, image string, scripts ...string) (*crashlog.Log, []job.Boot) {
	t.Helper()
	written := filepath.Join(r.dir, name+".record.img")
	vmtest.Run(t, "cp", "--sparse=always", image, written)
	boots, logs := r.run(t, name+"-record", []device{{name: name, image: written, boots: scripts}})
	for n, b := range boots[0] {
		if b.Exit != 0 {
			t.Fatalf("%s, boot %d, ended with %d: %s\n%s", name, n, b.Exit, b.Err, b.Out)
		}
	}
	vmtest.Must(t, os.Remove(written))
	return readRecord(t, logs[0]), boots[0]
}
