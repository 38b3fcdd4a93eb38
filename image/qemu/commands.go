package qemu

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// Reset presses the machine's reset button.
func (m *Monitor) Reset(ctx context.Context) error {
	_, err := m.Execute(ctx, "system_reset", nil)
	return err
}

// Pause stops the machine's processors; Continue lets them go on.
func (m *Monitor) Pause(ctx context.Context) error {
	_, err := m.Execute(ctx, "stop", nil)
	return err
}

// Continue lets a paused machine go on.
func (m *Monitor) Continue(ctx context.Context) error {
	_, err := m.Execute(ctx, "cont", nil)
	return err
}

// PlugSecond puts the second network card's cable in, or pulls it out.
func (m *Monitor) PlugSecond(ctx context.Context, in bool) error {
	_, err := m.Execute(ctx, "set_link", map[string]any{"name": "net1", "up": in})
	return err
}

// Screendump writes what the machine's screen shows to file, a PPM picture.
func (m *Monitor) Screendump(ctx context.Context, file string) error {
	_, err := m.Execute(ctx, "screendump", map[string]any{"filename": file})
	return err
}

// SaveState keeps the machine's whole state, memory and disks, under name in its
// own disk files; a machine can be started from it (Config.Snapshot).
func (m *Monitor) SaveState(ctx context.Context, name string) error {
	return m.human(ctx, "savevm "+name)
}

// LoadState goes back to a state that SaveState kept.
func (m *Monitor) LoadState(ctx context.Context, name string) error {
	return m.human(ctx, "loadvm "+name)
}

// human runs a command that has no QMP form. It says nothing when all went well.
func (m *Monitor) human(ctx context.Context, line string) error {
	answer, err := m.Execute(ctx, "human-monitor-command", map[string]any{"command-line": line})
	if err != nil {
		return err
	}
	var text string
	if err := json.Unmarshal(answer, &text); err != nil {
		return fmt.Errorf("cannot read QEMU's answer to %s: %w", line, err)
	}
	if text = strings.TrimSpace(text); text != "" {
		return fmt.Errorf("cannot run %s: %w: %s", line, ErrMonitor, text)
	}
	return nil
}
