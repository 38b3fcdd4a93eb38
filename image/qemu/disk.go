package qemu

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// FirmwareCode and firmwareVariables are OVMF, from Debian's package ovmf.
const (
	FirmwareCode      = "/usr/share/OVMF/OVMF_CODE_4M.fd"
	firmwareVariables = "/usr/share/OVMF/OVMF_VARS_4M.fd"
)

// Overlay makes the qcow2 disk path that takes the writes meant for the raw
// image base. Size is the disk's, as qemu-img takes it ("8G"); empty means base's.
func Overlay(ctx context.Context, base, path, size string) error {
	args := []string{"create", "-q", "-f", "qcow2", "-F", "raw", "-b", base, path}
	if size != "" {
		args = append(args, size)
	}
	return run(ctx, "qemu-img", args...)
}

// FirmwareVariables makes path, a machine's own firmware variables with nothing
// set, in the format that can hold snapshots.
func FirmwareVariables(ctx context.Context, path string) error {
	return run(ctx, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", firmwareVariables, path)
}

// WriteAt writes the file source into disk (qcow2, of a machine that does not
// run) from offset on, in bytes.
func WriteAt(ctx context.Context, disk, source string, offset, size int64) error {
	command := fmt.Sprintf("write -s %s %d %d", source, offset, size)
	return run(ctx, "qemu-io", "-f", "qcow2", "-c", command, disk)
}

// ReadAt writes size MiB of disk (qcow2, of a machine that does not run), from
// offset MiB on, to the new file target.
func ReadAt(ctx context.Context, disk, target string, offset, size int64) error {
	return run(ctx, "qemu-img", "dd", "-f", "qcow2", "-O", "raw", "bs=1M",
		fmt.Sprintf("skip=%d", offset), fmt.Sprintf("count=%d", offset+size),
		"if="+disk, "of="+target)
}

func run(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("cannot run %s: %w: %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil
}
