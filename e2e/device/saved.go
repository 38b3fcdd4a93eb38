package device

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"resinos.io/e2e/cache"
	"resinos.io/image/guest"
	"resinos.io/image/qemu"
)

// A saved state is one booted machine's disks with its memory in them, kept below
// build/booted until the image changes.
const (
	savedName = "booted"
	savedDisk = "6G"
)

// copySaved copies the saved disks of a booted machine of variant to dir; the
// first one who asks boots it.
func copySaved(ctx context.Context, image, variant, dir string) error {
	saved := filepath.Join(filepath.Dir(filepath.Dir(image)), "booted", variant)
	lock, err := cache.Lock(saved)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := save(ctx, image, variant, saved); err != nil {
		return fmt.Errorf("cannot save a booted machine: %w", err)
	}
	for _, name := range []string{"disk.qcow2", "firmware.qcow2"} {
		out, err := exec.CommandContext(ctx, "cp", "--sparse=always", filepath.Join(saved, name), filepath.Join(dir, name)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("cannot copy the saved %s: %w: %s", name, err, out)
		}
	}
	return nil
}

// save boots image and keeps it in the directory saved, unless that was done.
func save(ctx context.Context, image, variant, saved string) error {
	key, err := savedKey(ctx, image)
	if err != nil {
		return err
	}
	keyFile := filepath.Join(saved, "key")
	if have, err := os.ReadFile(keyFile); err == nil && string(have) == key {
		return nil
	}
	port, err := qemu.FreePort(ctx)
	if err != nil {
		return err
	}
	config := qemu.Config{
		Dir: saved, Disk: filepath.Join(saved, "disk.qcow2"), Firmware: filepath.Join(saved, "firmware.qcow2"),
		Forward: map[int]int{sshPort: port},
	}
	boot, err := withOwner(variant, nil)
	if err != nil {
		return err
	}
	err = errors.Join(remove(keyFile, config.Disk, config.Firmware), qemu.Overlay(ctx, image, config.Disk, savedDisk),
		putBoot(ctx, image, config.Disk, saved, boot), qemu.FirmwareVariables(ctx, config.Firmware))
	if err != nil {
		return err
	}
	if err := bootAndSave(ctx, config); err != nil {
		return err
	}
	return os.WriteFile(keyFile, []byte(key), 0o600)
}

func bootAndSave(ctx context.Context, config qemu.Config) error {
	machine, err := powerOn(ctx, config)
	if err != nil {
		return err
	}
	defer machine.Stop()
	key, err := ownerKey()
	if err != nil {
		return err
	}
	client, err := guest.WaitDial(ctx, fmt.Sprintf("127.0.0.1:%d", config.Forward[sshPort]), key)
	if err != nil {
		return err
	}
	state, err := client.Run(ctx, "systemctl is-system-running --wait; systemctl --failed --no-legend --plain; sync")
	if err != nil || strings.TrimSpace(state) != "running" {
		return fmt.Errorf("the fresh machine is not well: %q, %w", state, err)
	}
	client.Close()
	time.Sleep(time.Second) // the session's end is part of the state
	if err := machine.Pause(ctx); err != nil {
		return err
	}
	return machine.SaveState(ctx, savedName)
}

// savedKey tells images, and versions of QEMU, from one another.
func savedKey(ctx context.Context, image string) (string, error) {
	info, err := os.Stat(image)
	if err != nil {
		return "", err
	}
	version, err := exec.CommandContext(ctx, "qemu-system-x86_64", "--version").Output()
	return fmt.Sprintf("%s %d %d %s", image, info.Size(), info.ModTime().UnixNano(), version), err
}

func remove(paths ...string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
