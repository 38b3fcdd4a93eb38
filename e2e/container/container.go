package container

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startTime = 5 * time.Minute // until systemd answers
	endTime   = time.Minute     // for an orderly power-off
)

// Options say how a container differs from a fresh device.
type Options struct {
	// Variant is the image's; "" means development.
	Variant string
	// Units are put among the root's units (/usr/lib/systemd/system) before the
	// boot, by path there; a nil value masks the unit.
	Units map[string][]byte
	// Boot is on the boot partition before the boot, by path in it. A nil value
	// removes the file the image has there.
	Boot map[string][]byte
	// Data is on the data partition before the boot, by path in it.
	Data map[string][]byte
	// Engine lets the engine run containers inside, without limits on what they take.
	Engine bool
	// WithoutState and WithoutData leave a partition out.
	WithoutState, WithoutData bool
}

// A Container is a booted root filesystem.
type Container struct {
	// Boot, State and Data are the partitions' directories, seen from outside;
	// State and Data are "" for a container without.
	Boot, State, Data string

	root    string // of the image
	engine  bool   // see Options
	console string // file with what the container wrote to its console
	lock    *os.File
	process *exec.Cmd
	leader  int // its process 1, seen from outside
	done    chan struct{}
}

// Start boots a container for the test t and returns when systemd has started
// everything and nothing failed. It ends with t; if t failed, its journal and
// console are in build/e2e-failures/<test>.
func Start(t testing.TB, opts Options) *Container {
	t.Helper()
	c, err := prepare(t.Context(), t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.lock.Close() })
	if err := c.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.end)
	t.Cleanup(func() {
		if t.Failed() {
			c.collect(t)
		}
	})
	if err := c.waitRunning(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// Run runs command in the container's shell as root and returns its standard
// output without the white space around it. The error of a command that fails
// has the exit status and standard error.
func (c *Container) Run(ctx context.Context, command string) (string, error) {
	cmd := exec.CommandContext(ctx, "nsenter", "--all", "--target", fmt.Sprint(c.leader),
		"/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "HOME=/root",
		"/bin/sh", "-c", command)
	cmd.WaitDelay = time.Second // a child that keeps the output open
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		err = fmt.Errorf("cannot run %q: %w", command, err)
	}
	return strings.TrimSpace(string(out)), err
}

// MustRun is Run that fails the test when the command fails.
func (c *Container) MustRun(t testing.TB, command string) string {
	t.Helper()
	out, err := c.Run(t.Context(), command)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

func (c *Container) waitRunning(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		state, err := c.Run(ctx, "systemctl is-system-running --wait")
		switch {
		case err == nil:
			return nil
		case state != "" && state != "offline": // it answered: degraded, maintenance
			failed, _ := c.Run(ctx, "systemctl --failed --no-legend --plain") // for the message only
			return fmt.Errorf("the container is %s: %s", state, failed)
		}
		select {
		case <-c.done:
			return fmt.Errorf("the container ended: %s", c.consoleText())
		case <-ctx.Done():
			return fmt.Errorf("the container does not come up: %w: %s", err, c.consoleText())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// end powers the container off, or kills it. nspawn takes its processes with it.
func (c *Container) end() {
	_ = c.process.Process.Signal(syscall.SIGTERM) // fails if it has ended
	select {
	case <-c.done:
	case <-time.After(endTime):
		_ = c.process.Process.Kill()
		<-c.done
	}
}

func (c *Container) collect(t testing.TB) {
	build, err := buildDir()
	if err != nil {
		t.Logf("cannot collect: %v", err)
		return
	}
	dir := filepath.Join(build, "e2e-failures", strings.ReplaceAll(t.Name(), "/", "-"))
	ctx, cancel := context.WithTimeout(context.Background(), endTime)
	defer cancel()
	journal, err := c.Run(ctx, "journalctl --no-pager -o short-precise")
	err = errors.Join(err, os.MkdirAll(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "journal.log"), []byte(journal), 0o644),
		os.WriteFile(filepath.Join(dir, "console.log"), []byte(c.consoleText()), 0o644))
	t.Logf("the container's journal and console are in %s (errors: %v)", dir, err)
}

func (c *Container) consoleText() string {
	text, err := os.ReadFile(c.console)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
