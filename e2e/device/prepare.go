package device

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"resinos.io/image/qemu"
)

// plug puts the second network card's cable in, if there is one.
func plug(ctx context.Context, m *qemu.Machine) error {
	return m.PlugSecond(ctx, m.Tap != nil)
}

// prepare makes the machine's disks in dir.
func prepare(ctx context.Context, dir string, options Options) (qemu.Config, error) {
	port, err := qemu.FreePort(ctx)
	if err != nil {
		return qemu.Config{}, err
	}
	config := qemu.Config{
		Dir:      dir,
		Disk:     filepath.Join(dir, "disk.qcow2"),
		Firmware: filepath.Join(dir, "firmware.qcow2"),
		Forward:  map[int]int{sshPort: port},
		Args:     options.Args,
	}
	image, err := options.image()
	if err != nil {
		return config, err
	}
	if options.Running {
		config.Snapshot = savedName
		return config, copySaved(ctx, image, options.variant(), dir)
	}
	if err := qemu.Overlay(ctx, image, config.Disk, options.Disk); err != nil {
		return config, err
	}
	boot, err := withOwner(options.variant(), options.Boot)
	if err != nil {
		return config, err
	}
	if err := putBoot(ctx, image, config.Disk, dir, boot); err != nil {
		return config, err
	}
	return config, qemu.FirmwareVariables(ctx, config.Firmware)
}

// image returns the image that the machine boots.
func (o Options) image() (string, error) {
	if o.Image != "" {
		return o.Image, nil
	}
	return imagePath(o.variant())
}

// imagePath returns the image of variant, which must be there.
func imagePath(variant string) (string, error) {
	image, err := filepath.Abs("../../build/images/resinos-" + variant + ".img")
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(image); err != nil {
		return "", fmt.Errorf("no image, run make image VARIANT=%s: %w", variant, err)
	}
	return image, nil
}
