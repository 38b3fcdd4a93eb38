package qemu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// How long QEMU may take to answer on its control socket, and to end when asked.
const (
	startTime = 30 * time.Second
	quitTime  = 5 * time.Second
)

// ErrEnded is what Restart returns for a machine that Kill or Stop has ended.
var ErrEnded = errors.New("the machine has ended")

// A Machine is one running QEMU.
type Machine struct {
	Config
	*Monitor

	mu      sync.Mutex // held while the process is replaced
	process *process
	ended   bool          // by Kill
	done    chan struct{} // closed when the process has ended and no other replaces it
}

// Start starts a machine in config.Dir, which it makes. The machine outlives
// ctx, which bounds the start alone: end it with Stop.
func Start(ctx context.Context, config Config) (*Machine, error) {
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make the machine's directory: %w", err)
	}
	m := &Machine{Config: config, Monitor: new(Monitor), done: make(chan struct{})}
	if err := m.launch(ctx, config); err != nil {
		return nil, err
	}
	return m, nil
}

// launch starts QEMU and returns when it answers.
func (m *Machine) launch(ctx context.Context, config Config) error {
	p, err := start(config)
	if err != nil {
		return err
	}
	if err := p.connect(ctx, m.Monitor, config.controlSocket()); err != nil {
		p.kill()
		return err
	}
	m.process = p
	go m.wait(p)
	return nil
}

// wait closes done when p has ended, unless another process goes on in its place.
func (m *Machine) wait(p *process) {
	<-p.done
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process == p {
		close(m.done)
	}
}

// Restart ends QEMU as Stop does and starts it anew with the same disks: a power
// cycle, for a machine whose reset button does not help. The machine stays the same to
// all who use it; commands on their way to QEMU fail. It is [ErrEnded] after Kill or Stop.
func (m *Machine) Restart(ctx context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return ErrEnded
	}
	m.quit()
	m.process.kill()
	config := m.Config
	config.Snapshot = "" // it goes on from what is on the disk
	return m.launch(ctx, config)
}

// Done is closed when the machine has ended, by Stop or by itself.
func (m *Machine) Done() <-chan struct{} { return m.done }

// Stop ends the machine as a power cut would, except that QEMU writes what it
// holds of the disk. It returns when the process is gone, and may be called again.
func (m *Machine) Stop() {
	m.mu.Lock()
	m.quit()
	m.mu.Unlock()
	m.Kill()
	m.Monitor.close()
}

// quit has QEMU write what it holds and end, if it still listens.
func (m *Machine) quit() {
	ctx, cancel := context.WithTimeout(context.Background(), quitTime)
	defer cancel()
	_, _ = m.Execute(ctx, "quit", nil) // QEMU may be gone before it answers
	select {
	case <-m.process.done:
	case <-ctx.Done():
	}
}

// Kill ends the machine at once: what the guest had not flushed is lost.
func (m *Machine) Kill() {
	m.mu.Lock()
	m.ended = true
	m.process.kill()
	m.mu.Unlock()
	<-m.done
}
