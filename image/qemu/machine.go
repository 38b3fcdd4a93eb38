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

// How long QEMU may take to answer on its control socket, and to end when asked.
const (
	startTime = 30 * time.Second
	quitTime  = 5 * time.Second
)

// A Machine is one running QEMU.
type Machine struct {
	Config
	*Monitor

	process *exec.Cmd
	stderr  *bytes.Buffer
	done    chan struct{} // closed when the process has ended
}

// Start starts a machine in config.Dir, which it makes. The machine outlives
// ctx, which bounds the start alone: end it with Stop.
func Start(ctx context.Context, config Config) (*Machine, error) {
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the machine's directory: %w", err)
	}
	m := &Machine{Config: config, stderr: new(bytes.Buffer), done: make(chan struct{})}
	m.process = exec.Command("qemu-system-x86_64", config.args()...) //nolint:noctx // it outlives ctx, see above
	m.process.Stderr = m.stderr
	// Its own group: Ctrl-C is for the program that runs it, which then stops it in order.
	m.process.SysProcAttr = ownGroup()
	if err := m.process.Start(); err != nil {
		return nil, fmt.Errorf("cannot start QEMU: %w", err)
	}
	go m.wait()
	if err := m.connect(ctx); err != nil {
		m.Stop()
		return nil, err
	}
	return m, nil
}

func (m *Machine) wait() {
	_ = m.process.Wait() // how it ended is told by what it wrote
	close(m.done)
}

// connect waits for QEMU to open its control socket.
func (m *Machine) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		monitor, err := dialMonitor(ctx, m.controlSocket())
		if err == nil {
			m.Monitor = monitor
			return nil
		}
		select {
		case <-m.done:
			return fmt.Errorf("cannot start QEMU: %s", strings.TrimSpace(m.stderr.String()))
		case <-ctx.Done():
			return fmt.Errorf("cannot reach QEMU's monitor: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Done is closed when the machine has ended, by Stop or by itself.
func (m *Machine) Done() <-chan struct{} { return m.done }

// Stop ends the machine as a power cut would, except that QEMU writes what it
// holds of the disk. It returns when the process is gone, and may be called again.
func (m *Machine) Stop() {
	if m.Monitor != nil {
		ctx, cancel := context.WithTimeout(context.Background(), quitTime)
		defer cancel()
		_, _ = m.Execute(ctx, "quit", nil) // QEMU may be gone before it answers
		select {
		case <-m.done:
		case <-ctx.Done():
		}
		m.Monitor.close()
	}
	m.Kill()
}

// Kill ends the machine at once: what the guest had not flushed is lost.
func (m *Machine) Kill() {
	_ = m.process.Process.Kill() // fails if it has ended
	<-m.done
}
