package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// start starts systemd-nspawn and finds the container's process 1. The container
// outlives ctx: it is ended in order, after what collects from it.
func (c *Container) start(ctx context.Context) error {
	dir := filepath.Dir(c.console)
	console, err := os.Create(c.console)
	if err != nil {
		return fmt.Errorf("cannot keep the console: %w", err)
	}
	defer console.Close()
	c.process = exec.CommandContext(context.WithoutCancel(ctx), "systemd-nspawn", "--quiet", "--boot", "--read-only",
		"--directory="+c.root, "--machine="+machineName(),
		"--register=no", "--keep-unit", "--private-network", "--network-veth", "--capability=all",
		"--bind="+c.Boot+":/mnt/boot",
		"--bind-ro="+filepath.Join(dir, "units")+":"+unitDir,
		"--kill-signal=SIGRTMIN+3", "--console=pipe")
	if c.engine { // control groups as on a device, whatever this machine has
		c.process.Args = append(c.process.Args, "--system-call-filter=@keyring bpf")
		c.process.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1")
	}
	if c.State != "" {
		c.process.Args = append(c.process.Args, "--bind="+c.State+":/mnt/state")
	}
	if c.Data != "" {
		c.process.Args = append(c.process.Args, "--bind="+c.Data+":/mnt/data")
	}
	if id := c.machineID(); id != "" {
		c.process.Args = append(c.process.Args, "--uuid="+id)
	}
	c.process.Stdout, c.process.Stderr = console, console
	// Its own group: Ctrl-C is for the test, which then ends it in order.
	c.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.process.Start(); err != nil {
		return fmt.Errorf("cannot start systemd-nspawn: %w", err)
	}
	c.done = make(chan struct{})
	go func() {
		_ = c.process.Wait() // how it ended is told by its console
		close(c.done)
	}()
	return c.findLeader()
}

// machineName is the container's name for nspawn: short, because the interface is called after it.
func machineName() string { return fmt.Sprintf("resin-%x", os.Getpid()) }

// Interface is the outer end of the container's pair of interfaces; the inner one is
// host0. Both are down.
func (c *Container) Interface() string { return "ve-" + machineName() }

// machineID returns the id that the state partition keeps, which the initrd of a
// device gives to systemd; "" before the first boot, and before a purge, as there.
func (c *Container) machineID() string {
	id, err := os.ReadFile(filepath.Join(c.State, "root-overlay/etc/machine-id"))
	asked, _ := filepath.Glob(filepath.Join(c.Boot, "purge-state*")) // the pattern is good
	scope, _ := os.ReadFile(filepath.Join(c.State, "purge"))         // none: not asked for
	if err != nil || len(asked) > 0 || len(scope) > 0 && strings.TrimSpace(string(scope)) != "data" {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// findLeader waits until nspawn has a child that is process 1 of its namespace.
func (c *Container) findLeader() error {
	pid := c.process.Process.Pid
	deadline := time.After(startTime)
	for {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid)) // it may have ended
		for _, child := range strings.Fields(string(children)) {
			if isInit(child) {
				var err error
				c.leader, err = strconv.Atoi(child)
				return err
			}
		}
		select {
		case <-c.done:
			return fmt.Errorf("systemd-nspawn ended: %s", c.consoleText())
		case <-deadline:
			c.end()
			return errors.New("systemd-nspawn starts no container: " + c.consoleText())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// isInit tells from NSpid in /proc/<pid>/status, see proc(5), whether a process
// is number 1 of its own namespace.
func isInit(pid string) bool {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return false
	}
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); len(fields) > 2 && fields[0] == "NSpid:" {
			return fields[len(fields)-1] == "1"
		}
	}
	return false
}
