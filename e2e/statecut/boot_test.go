//go:build powercut

package statecut

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/fat"
	"resinos.io/e2e/powercut/vmtest"
	"resinos.io/e2e/statecut/job"
)

// bootTime bounds one boot on this machine, which takes less than a second.
const bootTime = 5 * time.Minute

// boot boots a device from the disk in the file image once for each script, on this
// machine's kernel, and returns what each reported. The kernel here need not know FAT:
// the boot partition's files are as Linux would show them, and stay from boot to boot.
func (r *rig) boot(t *testing.T, image string, scripts ...string) []job.Boot {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"top", "boot"} {
		vmtest.Must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	bootFiles(t, image, filepath.Join(dir, "boot"))
	var all []job.Boot
	for n, script := range scripts {
		b := r.bootOnce(t, image, dir, script)
		b.N = n
		all = append(all, b)
	}
	return all
}

func (r *rig) bootOnce(t *testing.T, image, dir, script string) job.Boot {
	t.Helper()
	state, data := loop(t, image, 1), loop(t, image, 2)
	defer unloop(t, data)
	defer unloop(t, state)
	root, err := filepath.Abs(filepath.Join(build, "work/development/root"))
	vmtest.Must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "host.sh", filepath.Join(dir, "top"), root, r.rigDir, filepath.Join(dir, "boot"), state, data, script)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("cannot boot on this machine: %v", err)
	}
	text := complaint.String()
	return job.Boot{Exit: cmd.ProcessState.ExitCode(), Out: out.String(), Err: text[max(0, len(text)-2000):]}
}

// loop returns a block device that is a partition of image.
func loop(t *testing.T, image string, partition int) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "losetup", "--find", "--show",
		fmt.Sprintf("--offset=%d", start(partition)<<20), fmt.Sprintf("--sizelimit=%d", partitions[partition].size<<20), image).CombinedOutput()
	if err != nil {
		t.Fatalf("cannot make a loop device: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// unloop takes a device down when the last of its mounts is gone; the kernel waits.
func unloop(t *testing.T, device string) {
	t.Helper()
	if out, err := exec.Command("losetup", "--detach", device).CombinedOutput(); err != nil {
		t.Errorf("cannot detach %s: %v: %s", device, err, out)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(2 * time.Millisecond) {
		if _, err := os.Stat("/sys/block/" + filepath.Base(device) + "/loop"); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%s stays in use", device)
		}
	}
}

// bootFiles writes the files of the boot partition's root to dir.
func bootFiles(t *testing.T, image, dir string) {
	t.Helper()
	f, err := os.Open(image)
	vmtest.Must(t, err)
	defer f.Close()
	fs, err := fat.Open(io.NewSectionReader(f, int64(start(0))<<20, int64(partitions[0].size)<<20))
	vmtest.Must(t, err)
	all, err := fs.ReadDir(fs.Root())
	vmtest.Must(t, err)
	for _, e := range all {
		if e.Dir {
			vmtest.Must(t, os.Mkdir(filepath.Join(dir, e.Name), 0o700))
			continue
		}
		content, err := fs.ReadLikeLinux(e)
		if err != nil { // what cannot be read is garbage to its reader
			content = []byte("\xa5\xa5garbage")
		}
		vmtest.Must(t, os.WriteFile(filepath.Join(dir, e.Name), content, 0o600))
	}
}
