// Package vmtest is what tests do around a tinyvm: commands, a place for disks in
// memory. What is missing fails the test.
package vmtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/e2e/powercut/tinyvm"
)

// Must fails the test if there is an error.
func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Run runs a command of the host.
func Run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	if cmd.Err != nil { // /usr/sbin is not on everybody's path
		cmd = exec.CommandContext(t.Context(), filepath.Join("/usr/sbin", name), args...)
	}
	cmd.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s (make host installs it): %v: %s", name, err, out)
	}
}

// Dir returns a directory in memory if there is one: the disks are sparse, and
// nothing of them must survive. It goes with the test, after a call of end.
func Dir(t *testing.T, name string, end func(dir string)) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", name+"-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		end(dir)
		os.RemoveAll(dir)
	})
	return dir
}

// Kernel loads the kernel of the image's root file system, an archive, with drivers
// for disks, FAT and more.
func Kernel(t *testing.T, rootfs string, more ...string) tinyvm.Kernel {
	t.Helper()
	kernel, err := tinyvm.LoadKernel(rootfs, append([]string{"virtio_pci", "virtio_blk", "nls_cp437", "nls_ascii", "vfat"}, more...)...)
	if err != nil {
		t.Fatalf("%v (make image VARIANT=development builds it)", err)
	}
	return kernel
}

// MountOptions returns the Options= of a mount unit, a file.
func MountOptions(t *testing.T, unit string) string {
	t.Helper()
	text, err := os.ReadFile(unit)
	Must(t, err)
	for line := range strings.Lines(string(text)) {
		if options, ok := strings.CutPrefix(line, "Options="); ok {
			return strings.TrimSpace(options)
		}
	}
	t.Fatalf("%s has no mount options", unit)
	return ""
}
