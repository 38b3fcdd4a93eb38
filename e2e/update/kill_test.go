//go:build vm

package update

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
	"resinos.io/image/qemu"
)

// The places of the partitions, in MiB, see image/disk.table.
const (
	bootAt, bootSize = 1, 64
	rootSize         = 800
)

// seedVariable repeats a run of TestKills.
const seedVariable = "KILL_SEED"

// TestKills cuts the power at random times while a device is updated from one version
// to another and back again, for ever: 24 times, 3 with -short. After each cut the
// boot loader chooses a slot that is whole, and that system comes up.
func TestKills(t *testing.T) {
	kills := 24
	if testing.Short() {
		kills = 3
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", seedVariable, seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := newSite(t)
	s.publish(t, "2.0.1", nil)
	m := start(t, s)
	s.settle(t, m)
	before := owned(t, m)
	stages := []string{"install", "reboot", "trial", "commit"}
	for i := range kills {
		stage := stages[(i+random.IntN(2))%len(stages)]
		s.until(t, m, stage)
		pause := time.Duration(random.Int64N(int64(stageTime(stage))))
		time.Sleep(pause)
		m.PowerCut()
		slot, version := s.choice(t, m)
		t.Logf("kill %d: %v into %s; the boot loader chooses slot %s, which has %s", i+1, pause.Round(time.Millisecond), stage, slot, version)
		m.PowerBack(t)
		if err := m.Reach(t, bootTime); err != nil {
			t.Fatal(err)
		}
		await(t, m, bootTime, "BootedSlot", slot)
	}
	await(t, m, 2*bootTime, "TryPending", "false")
	if after := owned(t, m); after != before {
		t.Errorf("what is the owner's was\n%s\nand is\n%s", before, after)
	}
}

// stageTime is in what time after its beginning a stage is cut.
func stageTime(stage string) time.Duration {
	return map[string]time.Duration{"install": 60 * time.Second, "reboot": 40 * time.Second, "trial": 30 * time.Second, "commit": 3 * time.Second}[stage]
}

// until goes on with the update until a stage of it begins.
func (s *site) until(t *testing.T, m *device.Machine, stage string) {
	t.Helper()
	trial := property(t, m, "TryPending") == "true" // the last cut left it so
	if !trial || stage == "install" || stage == "reboot" {
		await(t, m, 2*bootTime, "TryPending", "false")
		begin(t, m, s.other(property(t, m, "CurrentVersion")), "")
		if stage == "install" {
			return
		}
		await(t, m, jobTime, "ActiveJob", "/")
		slot := property(t, m, "PrimarySlot")
		reboot(t, m)
		if stage == "reboot" {
			return
		}
		await(t, m, bootTime, "BootedSlot", slot)
	}
	if stage == "commit" {
		await(t, m, 2*bootTime, "TryPending", "false")
	}
}

// other returns the version that is not this one.
func (s *site) other(version string) string {
	for other := range s.images {
		if other != version {
			return other
		}
	}
	return ""
}

// choice returns the slot that the boot loader will start from the disk of a machine
// that is off, and the version that it holds, which must be all of one.
func (s *site) choice(t *testing.T, m *device.Machine) (slot, version string) {
	t.Helper()
	env := environment(t, m)
	slot = env["slot"]
	if env["tries"] == "0" {
		slot = env["good"]
	}
	at := map[string]int64{"A": bootAt + bootSize, "B": bootAt + bootSize + rootSize}[slot]
	if at == 0 {
		t.Fatalf("the environment names no slot: %v", env)
	}
	sum := sumOf(t, m, at)
	for version, image := range s.images {
		if image.SHA256 == sum {
			return slot, version
		}
	}
	t.Fatalf("slot %s is to be started and holds no version: %s", slot, sum)
	return "", ""
}

// environment reads the boot loader's variables from the disk, see grub-editenv(1).
func environment(t *testing.T, m *device.Machine) map[string]string {
	t.Helper()
	fat := filepath.Join(t.TempDir(), "boot.fat")
	defer os.Remove(fat)
	if err := qemu.ReadAt(t.Context(), m.Disk, fat, bootAt, bootSize); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "mtype", "-i", fat, "::/EFI/BOOT/grubenv")
	command.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1")
	out, err := command.Output()
	if err != nil {
		t.Fatalf("cannot read the environment: %v", err)
	}
	variables := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			variables[name] = value
		}
	}
	return variables
}

// sumOf returns the hash of a root of the disk that begins at, in MiB.
func sumOf(t *testing.T, m *device.Machine, at int64) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root.img")
	defer os.Remove(root)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := qemu.ReadAt(ctx, m.Disk, root, at, rootSize); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hash := sha256.New()
	if n, err := io.Copy(hash, file); err != nil || n != rootSize<<20 {
		t.Fatal(errors.Join(err, fmt.Errorf("%d bytes", n)))
	}
	return fmt.Sprintf("%x", hash.Sum(nil))
}
