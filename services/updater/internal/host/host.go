// Package host is what the updater asks of the running system beside the checks of
// a trial: to reboot, and what this boot's journal has.
package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/updater/internal/health"
	"resinos.io/shared/layout"
)

const (
	callTime    = 10 * time.Second
	journalTime = 20 * time.Second
	// journalLines is how much of a failed boot's journal is kept.
	journalLines = "2000"
)

// A Host is the running system.
type Host struct {
	health.System
}

// New returns the system that conn's bus belongs to.
func New(conn *dbus.Conn) Host { return Host{health.System{Conn: conn}} }

// Reboot asks systemd for an orderly reboot and returns when it has begun.
func (h Host) Reboot(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	call := h.Conn.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1").CallWithContext(ctx,
		"org.freedesktop.systemd1.Manager.StartUnit", 0, "reboot.target", "replace-irreversibly")
	if call.Err != nil {
		return fmt.Errorf("cannot reboot: %w", call.Err)
	}
	return nil
}

// Journal returns the end of this boot's journal.
func (Host) Journal(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, "journalctl", "--boot", "--no-pager", "--lines="+journalLines, "--output=short-precise").Output()
	if err != nil {
		return nil, fmt.Errorf("cannot read the journal: %w", err)
	}
	return out, nil
}

// BootID returns what tells this boot from all others.
func BootID(root layout.Root) (string, error) {
	id, err := os.ReadFile(root.Path("/proc/sys/kernel/random/boot_id"))
	if err != nil {
		return "", fmt.Errorf("cannot tell this boot from others: %w", err)
	}
	return strings.TrimSpace(string(id)), nil
}
