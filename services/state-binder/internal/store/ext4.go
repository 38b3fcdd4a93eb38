package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"resinos.io/shared/layout"
)

// device is the state partition, see image/disk.table.
const device = "/dev/disk/by-partlabel/resin-state"

// mountFlags are those of mnt-state.mount.
const mountFlags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOATIME

// Exit statuses of e2fsck that mean a file system without errors, e2fsck(8).
const (
	corrected       = 1
	correctedReboot = 2
)

// Ext4 is the state partition of a device. It implements [Disk].
type Ext4 struct {
	Root layout.Root
}

// Mounted implements [Disk].
func (e Ext4) Mounted() (mounted, writable bool) {
	mounted = IsMountPoint(e.Root.State())
	var now unix.Statfs_t
	if err := unix.Statfs(e.Root.State(), &now); err != nil {
		return false, false
	}
	return mounted, now.Flags&unix.ST_RDONLY == 0
}

// Present implements [Disk].
func (e Ext4) Present() bool {
	_, err := os.Stat(e.Root.Path(device))
	return err == nil
}

// Mount implements [Disk].
func (e Ext4) Mount() error {
	if err := unix.Mount(e.Root.Path(device), e.Root.State(), "ext4", mountFlags, ""); err != nil {
		return &os.PathError{Op: "mount", Path: device, Err: err}
	}
	return nil
}

// Check implements [Disk].
func (e Ext4) Check(ctx context.Context) error {
	err := run(ctx, "e2fsck", "-f", "-y", e.Root.Path(device))
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode()&^(corrected|correctedReboot) == 0 {
		return nil
	}
	return err
}

// Make implements [Disk].
func (e Ext4) Make(ctx context.Context) error {
	return run(ctx, "mke2fs", "-q", "-F", "-t", "ext4", "-L", name, "-m", "1", "-E", "root_owner=0:0", e.Root.Path(device))
}

// run runs a tool of e2fsprogs. What it said last is in the error.
func run(ctx context.Context, tool string, args ...string) error {
	out, err := exec.CommandContext(ctx, tool, args...).CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%s: %w: %s", tool, err, lines[len(lines)-1])
	}
	return nil
}

// IsMountPoint reports whether something is mounted at path.
func IsMountPoint(path string) bool {
	var here, above unix.Statx_t
	const mask = unix.STATX_MNT_ID
	if unix.Statx(unix.AT_FDCWD, path, 0, mask, &here) != nil || unix.Statx(unix.AT_FDCWD, path+"/..", 0, mask, &above) != nil {
		return false
	}
	return here.Mnt_id != above.Mnt_id
}
