package qemu

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A process is QEMU's.
type process struct {
	command *exec.Cmd
	stderr  *bytes.Buffer
	done    chan struct{} // closed when it has ended
}

// start starts QEMU.
func start(config Config) (*process, error) {
	p := &process{stderr: new(bytes.Buffer), done: make(chan struct{})}
	p.command = exec.Command("qemu-system-x86_64", config.args()...) //nolint:noctx // it outlives the one who starts it
	p.command.Stderr = p.stderr
	if config.Tap != nil {
		p.command.ExtraFiles = []*os.File{config.Tap}
	}
	// Its own group: Ctrl-C is for the program that runs it, which then stops it in order.
	p.command.SysProcAttr = ownGroup()
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start QEMU: %w", err)
	}
	go func() {
		_ = p.command.Wait() // how it ended is told by what it wrote
		close(p.done)
	}()
	return p, nil
}

// connect waits for QEMU to open its control socket, and connects monitor to it.
func (p *process) connect(ctx context.Context, monitor *Monitor, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := monitor.dial(ctx, socket)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("cannot start QEMU: %s", strings.TrimSpace(p.stderr.String()))
		case <-ctx.Done():
			return fmt.Errorf("cannot reach QEMU's monitor: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// kill ends the process at once and returns when it is gone.
func (p *process) kill() {
	_ = p.command.Process.Kill() // fails if it has ended
	<-p.done
}
