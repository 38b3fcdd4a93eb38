package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// A cost is what one run took.
type cost struct {
	wall, cpu              time.Duration
	memory                 int64 // peak, in bytes
	network, read, written int64 // bytes
}

// measure runs script, with cold caches, and compares the target with image.
func (b *bench) measure(ctx context.Context, script, image string) (cost, error) {
	if err := b.cold(ctx); err != nil {
		return cost{}, err
	}
	read, written, err := b.slots.traffic()
	if err != nil {
		return cost{}, err
	}
	network := b.sites.bytes.Load()
	command := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", script)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	start := time.Now()
	if err := command.Start(); err != nil {
		return cost{}, err
	}
	peak := make(chan int64, 1)
	done := make(chan struct{})
	go func() { peak <- watch(command.Process.Pid, done) }()
	err = command.Wait()
	c := cost{wall: time.Since(start), network: b.sites.bytes.Load() - network}
	close(done)
	c.memory = <-peak
	if err != nil {
		return cost{}, fmt.Errorf("%w: %s", err, out.Bytes())
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	c.cpu = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	after, wrote, err := b.slots.traffic()
	if err != nil {
		return cost{}, err
	}
	c.read, c.written = after-read, wrote-written
	if out, err := exec.CommandContext(ctx, "cmp", b.slots.target, image).CombinedOutput(); err != nil {
		return cost{}, fmt.Errorf("the slot is not the image: %s", out)
	}
	return c, nil
}

// cold empties the target, so that nothing of the last run can be used, and the caches.
func (b *bench) cold(ctx context.Context) error {
	if out, err := exec.CommandContext(ctx, "blkdiscard", "--zeroout", b.slots.target).CombinedOutput(); err != nil {
		return fmt.Errorf("cannot empty the slot: %w: %s", err, out)
	}
	syscall.Sync()
	return os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0o600)
}

// watch returns the peak of the resident memory of a process and its descendants.
func watch(pid int, done chan struct{}) (peak int64) {
	for {
		peak = max(peak, resident(pid))
		select {
		case <-done:
			return peak
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// resident sums over the tree. What ends meanwhile counts as nothing.
func resident(pid int) int64 {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	statm, err := os.ReadFile(filepath.Join(proc, "statm"))
	if err != nil {
		return 0
	}
	var sum int64
	if fields := strings.Fields(string(statm)); len(fields) > 1 {
		if pages, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			sum = pages * int64(os.Getpagesize())
		}
	}
	tasks, err := filepath.Glob(filepath.Join(proc, "task/*/children"))
	if err != nil {
		return sum
	}
	for _, task := range tasks {
		children, err := os.ReadFile(task)
		if err != nil {
			continue
		}
		for child := range strings.FieldsSeq(string(children)) {
			if pid, err := strconv.Atoi(child); err == nil {
				sum += resident(pid)
			}
		}
	}
	return sum
}
