package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"resinos.io/image/guest"
	"resinos.io/image/qemu"
)

// bootTime is how long a boot may take; under emulation on two busy cores it is about one minute.
const bootTime = 5 * time.Minute

// diskSize is more than the image's own, so that the data partition has room.
const diskSize = "8G"

func run(ctx context.Context, opts settings) error {
	if err := check(ctx, opts); err != nil {
		return err
	}
	config, err := prepare(ctx, opts)
	if err != nil {
		return err
	}
	started := time.Now()
	machine, err := qemu.Start(ctx, config)
	if err != nil {
		return err
	}
	defer machine.Stop()

	fmt.Printf("booting %s; its console is in %s\n", image(opts), config.SerialLog())
	if err := waitUp(ctx, machine, opts.port); err != nil {
		return err
	}
	fmt.Printf("up after %.0f s. In another terminal:\n\n    ssh -p %d root@127.0.0.1\n\nCtrl-C here ends it.\n",
		time.Since(started).Seconds(), opts.port)
	select {
	case <-ctx.Done():
		fmt.Println()
	case <-machine.Done():
		fmt.Println("the machine was powered off")
	}
	return nil
}

func image(opts settings) string {
	return filepath.Join(opts.build, "images", "resinos-"+opts.variant+".img")
}

// check says what is missing before anything is started.
func check(ctx context.Context, opts settings) error {
	if _, err := os.Stat(image(opts)); err != nil {
		return fmt.Errorf("no image %s: make image VARIANT=%s", image(opts), opts.variant)
	}
	if err := qemu.CheckPort(ctx, opts.port); err != nil {
		return fmt.Errorf("%w; another one: make run SSH_PORT=22223", err)
	}
	return nil
}

// prepare makes the disk that takes the machine's writes.
func prepare(ctx context.Context, opts settings) (qemu.Config, error) {
	dir := filepath.Join(opts.build, "run", opts.variant)
	config := qemu.Config{
		Dir:      dir,
		Disk:     filepath.Join(dir, "disk.qcow2"),
		Firmware: filepath.Join(dir, "firmware.qcow2"),
		Forward:  map[int]int{22222: opts.port},
	}
	if err := os.RemoveAll(dir); err != nil {
		return config, fmt.Errorf("cannot clear the last run: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return config, fmt.Errorf("cannot make the machine's directory: %w", err)
	}
	base, err := filepath.Abs(image(opts))
	if err != nil {
		return config, err
	}
	if err := qemu.Overlay(ctx, base, config.Disk, diskSize); err != nil {
		return config, err
	}
	return config, qemu.FirmwareVariables(ctx, config.Firmware)
}

// waitUp returns when ssh answers and systemd has started everything.
func waitUp(ctx context.Context, machine *qemu.Machine, port int) error {
	ctx, cancel := context.WithTimeout(ctx, bootTime)
	defer cancel()
	go func() { // no use in waiting for a machine that has ended
		select {
		case <-machine.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	client, err := guest.WaitDial(ctx, fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("the machine does not come up, see %s: %w", machine.SerialLog(), err)
	}
	defer client.Close()
	state, err := client.Run(ctx, "systemctl is-system-running --wait")
	if err != nil && !errors.Is(err, guest.ErrCommand) {
		return err
	}
	if state = strings.TrimSpace(state); state != "running" {
		failed, _ := client.Run(ctx, "systemctl --failed --no-legend --plain") // for the message only
		fmt.Fprintf(os.Stderr, "run: the system is %s: %s\n", state, strings.TrimSpace(failed))
	}
	return nil
}
