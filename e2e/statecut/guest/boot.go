package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/powercut/tinyvm/inside"
	"resinos.io/e2e/statecut/job"
)

// bootTime bounds one script; emulation is slow.
const bootTime = 5 * time.Minute

// mostErr is how much of a script's standard error is reported.
const mostErr = 2000

// boot runs a script as process 1 of a device that has the disk. When it ends the
// device is gone: its processes, its mounts, what it had in memory.
func boot(serial, script string) (job.Boot, error) {
	b := job.Boot{Disk: serial}
	device, err := inside.Device(serial)
	if err != nil {
		return b, err
	}
	if err := errors.Join(linkPartitions(device), freshRun()); err != nil {
		return b, err
	}
	var out, complaint bytes.Buffer
	ctx, cancel := context.WithTimeout(context.Background(), bootTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin", "DISK=" + device, "GOGC=25", "GOMAXPROCS=1", "GODEBUG=disablethp=1"}
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Unshareflags: unix.CLONE_NEWNS, Cloneflags: unix.CLONE_NEWPID}
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return b, fmt.Errorf("cannot run the script: %w", err)
	}
	b.Exit, b.Out = cmd.ProcessState.ExitCode(), out.String()
	text := complaint.String()
	b.Err = text[max(0, len(text)-mostErr):]
	return b, errors.Join(unix.Unmount(root+"/run", 0), awaitUnused(device))
}

// linkPartitions makes the links by which everything finds the partitions, as udev does.
func linkPartitions(device string) error {
	dir := "/dev/disk/by-partlabel" // the same devtmpfs as the device's
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
		return err
	}
	found, err := filepath.Glob("/sys/class/block/" + filepath.Base(device) + "[0-9]*/uevent")
	if err != nil {
		return err
	}
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		_, after, _ := strings.Cut(string(text), "PARTNAME=")
		label, _, _ := strings.Cut(after, "\n")
		if err := os.Symlink("/dev/"+filepath.Base(filepath.Dir(file)), filepath.Join(dir, label)); err != nil {
			return err
		}
	}
	return nil
}

// freshRun gives the device a new /run with the test's files in it.
func freshRun() error {
	if err := unix.Mount("tmpfs", root+"/run", "tmpfs", 0, "mode=0755"); err != nil {
		return fmt.Errorf("cannot mount /run: %w", err)
	}
	return os.CopyFS(root+"/run/rig", os.DirFS(job.Files))
}

// awaitUnused waits until the kernel has taken the device's mounts down.
func awaitUnused(device string) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		busy := ""
		found, err := filepath.Glob(device + "[0-9]*")
		if err != nil {
			return err
		}
		for _, partition := range found {
			f, err := os.OpenFile(partition, os.O_RDONLY|os.O_EXCL, 0)
			if err != nil {
				busy = partition
				continue
			}
			f.Close()
		}
		if busy == "" {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s stays in use", busy)
		}
	}
}
