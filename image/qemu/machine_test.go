package qemu

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// emptyMachine starts a machine with nothing on its disk.
func emptyMachine(t *testing.T) *Machine {
	t.Helper()
	dir := t.TempDir()
	config := Config{Dir: dir, Disk: filepath.Join(dir, "disk"), Firmware: filepath.Join(dir, "firmware"), Memory: 128}
	err := errors.Join(run(t.Context(), "qemu-img", "create", "-q", "-f", "qcow2", config.Disk, "1M"),
		FirmwareVariables(t.Context(), config.Firmware))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Stop)
	return m
}

func (m *Machine) hasEnded() bool {
	select {
	case <-m.Done():
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

func TestRestart(t *testing.T) {
	m := emptyMachine(t)
	before := m.process
	if err := m.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m.process == before || m.hasEnded() {
		t.Error("the machine does not go on in another process")
	}
	if err := m.Pause(t.Context()); err != nil {
		t.Errorf("it is not connected to the new process: %v", err)
	}
	m.Kill()
	if !m.hasEnded() {
		t.Error("killed, and not ended")
	}
	if err := m.Restart(t.Context()); !errors.Is(err, ErrEnded) {
		t.Errorf("restarted after its end: %v", err)
	}
}

func TestEndsByItself(t *testing.T) {
	m := emptyMachine(t)
	if _, err := m.Execute(t.Context(), "quit", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-m.Done():
	case <-time.After(startTime):
		t.Fatal("its end is not noticed")
	}
	m.Stop() // once more
}

func TestStartSaysWhy(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), startTime)
	defer cancel()
	dir := t.TempDir()
	_, err := Start(ctx, Config{Dir: dir, Disk: filepath.Join(dir, "missing"), Firmware: filepath.Join(dir, "missing")})
	if err == nil || ctx.Err() != nil {
		t.Errorf("a machine without a disk: %v", err)
	}
}
