package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// slots are two loop devices: the running slot with the old image, and the target.
type slots struct{ running, target string }

func newSlots(ctx context.Context, dir, image string) (*slots, error) {
	size, err := os.Stat(image)
	if err != nil {
		return nil, err
	}
	target := filepath.Join(dir, "target.img")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		return nil, err
	}
	// Preallocated, as a partition is.
	if out, err := exec.CommandContext(ctx, "fallocate", "-l", strconv.FormatInt(size.Size(), 10), target).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot make the target slot: %w: %s", err, out)
	}
	var s slots
	if s.running, err = attach(ctx, "--read-only", image); err != nil {
		return nil, err
	}
	if s.target, err = attach(ctx, target); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return &s, nil
}

func attach(ctx context.Context, args ...string) (string, error) {
	out, err := exec.CommandContext(ctx, "losetup", append([]string{"--find", "--show"}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("cannot make a loop device: %w: %s", err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

func (s *slots) close() error {
	var errs error
	for _, device := range []string{s.running, s.target} {
		if device != "" {
			// Not the caller's context: they are given back when it has ended, too.
			errs = errors.Join(errs, exec.CommandContext(context.Background(), "losetup", "--detach", device).Run())
		}
	}
	return errs
}

// traffic returns the bytes that both devices have read and written so far.
func (s *slots) traffic() (read, written int64, err error) {
	for _, device := range []string{s.running, s.target} {
		data, err := os.ReadFile(filepath.Join("/sys/block", filepath.Base(device), "stat"))
		if err != nil {
			return 0, 0, err
		}
		fields := strings.Fields(string(data)) // Documentation/block/stat.rst: 2 sectors read, 6 sectors written
		if len(fields) < 7 {
			return 0, 0, fmt.Errorf("cannot read the statistics of %s", device)
		}
		in, err := strconv.ParseInt(fields[2], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		out, err := strconv.ParseInt(fields[6], 10, 64)
		if err != nil {
			return 0, 0, err
		}
		read, written = read+512*in, written+512*out
	}
	return read, written, nil
}
