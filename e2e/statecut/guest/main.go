// Command guest is process 1 of the test's virtual machine. For each disk it boots
// the device as often as /job.json says: a script in namespaces of its own, on the
// image's root file system. It reports on the console and switches the machine off.
package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/powercut/tinyvm/inside"
	"resinos.io/e2e/statecut/job"
)

func main() { inside.Main(job.File, run) }

func run(todo job.Job, _ *slog.Logger) error {
	if err := inside.Prepare(todo.Modules); err != nil {
		return err
	}
	if err := mountRoot(todo.Root); err != nil {
		return err
	}
	for _, d := range todo.Disks {
		for n, script := range d.Boots {
			b, err := boot(d.Name, script)
			if err != nil {
				return fmt.Errorf("disk %s, boot %d: %w", d.Name, n, err)
			}
			b.N = n
			line, err := json.Marshal(b)
			if err != nil {
				return err
			}
			fmt.Println(job.Mark + string(line))
		}
	}
	return nil
}

// root is where the image's root file system is mounted.
const root = "/root"

// mountRoot mounts the root file system as a device has it, but for what is of one boot.
func mountRoot(serial string) error {
	device, err := inside.Device(serial)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(device, root, "ext4", unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("cannot mount the root: %w", err)
	}
	for _, m := range []struct{ where, kind string }{
		{"/sys", "sysfs"},
		{"/dev", "devtmpfs"},
		{"/sys/fs/cgroup", "cgroup2"},
	} {
		if err := unix.Mount(m.kind, root+m.where, m.kind, 0, ""); err != nil {
			return fmt.Errorf("cannot mount %s: %w", m.where, err)
		}
	}
	return nil
}
