package device

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"resinos.io/image/guest"
	"resinos.io/image/qemu"
)

// askTime bounds Ask.
const askTime = 40 * time.Second

// PowerCut ends the machine as a power cut does: what the system in it had not
// flushed is lost. Its disk can be looked at until PowerBack.
func (m *Machine) PowerCut() {
	m.Drop()
	m.Kill()
	m.Stop()
}

// PowerBack starts the machine again after a PowerCut, and does not wait for the
// system in it.
func (m *Machine) PowerBack(t *testing.T) {
	t.Helper()
	config := m.Config
	config.Snapshot = ""
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	machine, err := powerOn(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	m.Machine = machine
}

// powerOn starts a machine with its second cable as config says, and watches over its firmware.
func powerOn(ctx context.Context, config qemu.Config) (*qemu.Machine, error) {
	m, err := qemu.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	if err := plug(ctx, m); err != nil {
		m.Stop()
		return nil, err
	}
	go unhang(m)
	return m, nil
}

// PowerCycle is a PowerCut and a PowerBack.
func (m *Machine) PowerCycle(t *testing.T) {
	t.Helper()
	m.PowerCut()
	m.PowerBack(t)
}

// PressReset presses the reset button: the memory is lost, the disk keeps what it was given.
func (m *Machine) PressReset(t *testing.T) {
	t.Helper()
	m.Drop()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	if err := m.Reset(ctx); err != nil {
		t.Fatal(err)
	}
}

// Reach logs in again, within limit; the system may still be starting.
func (m *Machine) Reach(t *testing.T, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	key, err := ownerKey()
	if err != nil {
		return err
	}
	m.Drop()
	client, err := guest.WaitDial(ctx, fmt.Sprintf("127.0.0.1:%d", m.port), key)
	if err != nil {
		return fmt.Errorf("the machine does not come up within %v: %w", limit, err)
	}
	m.client = client
	return nil
}

// Ask is Try for a machine that may go down meanwhile: it takes little patience, and
// logs in again when the connection is lost.
func (m *Machine) Ask(t *testing.T, command string) (string, error) {
	if m.client == nil {
		if err := m.Reach(t, askTime); err != nil {
			return "", err
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), askTime)
	defer cancel()
	out, err := m.client.Run(ctx, command)
	if err != nil && !errors.Is(err, guest.ErrCommand) {
		m.Drop()
	}
	return trim(out), err
}

// Drop ends the connection, if there is one: the system goes down by itself.
func (m *Machine) Drop() {
	if m.client != nil {
		_ = m.client.Close() // its other end may be gone
		m.client = nil
	}
}
