package tinyvm

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrMachine means that the machine did not do its work.
var ErrMachine = errors.New("the virtual machine failed")

// Done is what the program in the machine writes last, if all went well.
const Done = "all done"

// A Disk is a raw image and the file that takes the record of its writes; one
// without a Log cannot be written.
type Disk struct {
	Serial string // at most 20 characters
	Image  string
	Log    string
}

// A Config says what to run.
type Config struct {
	Dir    string // for the machine's own files; it must exist
	Kernel Kernel
	Init   []byte // the program, statically linked
	Files  []File // more files for it; the modules are in /modules
	Disks  []Disk
	Memory int // MiB; 0: 384
}

// ModuleFiles returns where the program finds the modules, in order.
func (k Kernel) ModuleFiles() []string {
	var all []string
	for _, m := range k.Modules {
		all = append(all, "/modules/"+m.Name)
	}
	return all
}

// Run runs the machine until it switches itself off or ctx ends, and returns
// what its console showed.
func Run(ctx context.Context, c Config) (console string, err error) {
	if err := c.write(); err != nil {
		return "", fmt.Errorf("cannot prepare the virtual machine: %w", err)
	}
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", c.args()...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	err = cmd.Run()
	text, _ := os.ReadFile(c.console()) // there is none if QEMU did not start
	console = string(text)
	switch {
	case ctx.Err() != nil:
		err = fmt.Errorf("%w: %w", ErrMachine, ctx.Err())
	case err != nil:
		err = fmt.Errorf("%w: %w: %s", ErrMachine, err, complaint.Bytes())
	case !strings.Contains(console, Done):
		err = ErrMachine
	}
	if err != nil {
		return console, fmt.Errorf("%w; its console:\n%s", err, console)
	}
	return console, nil
}

// write writes the kernel, the initial file system and empty records.
func (c Config) write() error {
	files := append([]File{{"/init", 0o755, c.Init}}, c.Files...)
	for i, m := range c.Kernel.Modules {
		files = append(files, File{c.Kernel.ModuleFiles()[i], 0o644, m.Data})
	}
	if err := os.WriteFile(c.kernel(), c.Kernel.Image, 0o600); err != nil {
		return err
	}
	for _, d := range c.Disks {
		if d.Log == "" {
			continue
		}
		if err := os.WriteFile(d.Log, nil, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(c.initramfs(), archive(files), 0o600)
}

func (c Config) kernel() string    { return filepath.Join(c.Dir, "vmlinuz") }
func (c Config) initramfs() string { return filepath.Join(c.Dir, "initramfs") }
func (c Config) console() string   { return filepath.Join(c.Dir, "console.log") }

// args returns QEMU's command line. One processor: the kernel changes its own code while
// it starts, and an emulated second one has run into that. Flushes are recorded but not passed on to
// this machine's disk: the record is what counts, and it is read when QEMU has ended.
func (c Config) args() []string {
	memory := cmp.Or(c.Memory, 384)
	args := []string{
		"-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-smp", "1", "-m", strconv.Itoa(memory),
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-serial", "file:" + c.console(), "-kernel", c.kernel(), "-initrd", c.initramfs(),
		"-append", "console=ttyS0 loglevel=2 panic=-1 oops=panic mitigations=off rcupdate.rcu_expedited=1",
	}
	for i, d := range c.Disks {
		if d.Log == "" {
			args = append(args,
				"-blockdev", fmt.Sprintf("driver=file,node-name=disk%d,read-only=on,filename=%s", i, d.Image),
				"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d,serial=%s,num-queues=1", i, d.Serial))
			continue
		}
		args = append(args,
			"-blockdev", fmt.Sprintf("driver=file,node-name=image%d,cache.no-flush=on,filename=%s", i, d.Image),
			"-blockdev", fmt.Sprintf("driver=file,node-name=log%d,cache.no-flush=on,filename=%s", i, d.Log),
			"-blockdev", fmt.Sprintf("driver=blklogwrites,node-name=disk%d,file=image%d,log=log%d,log-sector-size=512", i, i, i),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d,serial=%s,num-queues=1", i, d.Serial))
	}
	return args
}
