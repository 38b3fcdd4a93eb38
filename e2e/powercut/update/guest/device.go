package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm/inside"
	"resinos.io/e2e/powercut/update/choice"
	update "resinos.io/e2e/powercut/update/job"
)

const (
	root        = "/device"
	sessionTime = 3 * time.Minute
	// The boot environment begins within a sector's worth of the device's blocks.
	envSize = 1024
)

// chooseSlot is the boot loader: its write is followed by no flush.
func (m *machine) chooseSlot(i int) (string, error) {
	env, good := make([]byte, envSize), make([]byte, envSize)
	if err := m.device.ReadAt(env, m.EnvAt); err != nil {
		return "", err
	}
	if err := m.device.ReadAt(good, m.GoodAt); err != nil {
		return "", err
	}
	c := choice.Of(env, good)
	if c.Write == nil {
		return c.Slot, nil
	}
	if err := m.note(job.Note{Event: job.Begin, N: i, Outcome: "count"}); err != nil {
		return "", err
	}
	if err := m.device.Write(m.EnvAt, c.Write); err != nil {
		return "", err
	}
	return c.Slot, m.note(job.Note{Event: job.End, N: i, Outcome: "count"})
}

// A mount is one mount of the device, as its units have it.
type mount struct{ what, where, kind, options string }

func (m *machine) mounts(slot string) []mount {
	partition := map[string]string{"A": "2", "B": "3"}[slot]
	state := root + "/mnt/state/root-overlay/var/lib/resinos/updater"
	return []mount{
		{m.device.Path + partition, root, "ext4", "ro"},
		{"tmpfs", root + "/proc", "tmpfs", ""},
		{"tmpfs", root + "/dev", "tmpfs", ""},
		{m.device.Path + "1", root + "/mnt/boot", "vfat", m.BootOptions},
		{m.device.Path + "4", root + "/mnt/state", "ext4", m.StateMount},
		{state, root + "/var/lib/resinos/updater", "bind", ""},
	}
}

// mount makes the device's root directory of the disk.
func (m *machine) mount(slot string) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	for _, one := range m.mounts(slot) {
		flags, data := inside.MountFlags(one.options)
		if one.kind == "bind" {
			flags = unix.MS_BIND
		}
		if err := unix.Mount(one.what, one.where, one.kind, flags, data); err != nil {
			return fmt.Errorf("cannot mount %s at %s: %w", one.what, one.where, err)
		}
	}
	labels := root + "/dev/disk/by-partlabel"
	if err := os.MkdirAll(labels, 0o755); err != nil {
		return err
	}
	for label, partition := range map[string]string{"resin-rootA": "2", "resin-rootB": "3"} {
		if err := os.Symlink(m.device.Path+partition, labels+"/"+label); err != nil {
			return err
		}
	}
	return os.WriteFile(root+"/proc/cmdline", []byte("root=PARTLABEL=resin-root"+slot+" ro resin.slot="+slot+"\n"), 0o600)
}

// unmount ends what mount began, as far as it came.
func (m *machine) unmount() error {
	mounted, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return err
	}
	for _, one := range slices.Backward(m.mounts("A")) {
		if !bytes.Contains(mounted, []byte(" "+one.where+" ")) {
			continue
		}
		if err := unix.Unmount(one.where, 0); err != nil {
			return fmt.Errorf("cannot unmount %s: %w", one.where, err)
		}
	}
	return nil
}

// session lets the updater do steps, and returns what it shows then.
func (m *machine) session(boot string, steps []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), sessionTime)
	defer cancel()
	var out, errs bytes.Buffer
	args := append([]string{"-root", root, "-boot", boot, "-worker", update.Worker}, steps...)
	command := exec.CommandContext(ctx, update.Session, args...)
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%q: %w: %s", steps, err, errs.Bytes())
	}
	if errs.Len() > 0 {
		m.log.Info("said", "text", errs.String())
	}
	return strings.TrimSpace(out.String()), nil
}
