package device

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/image/guest"
)

// collect keeps what a failed test needs to be understood.
func (m *Machine) collect(t *testing.T) {
	if !t.Failed() {
		return
	}
	dir, err := filepath.Abs(filepath.Join("../../build/e2e-failures", strings.ReplaceAll(t.Name(), "/", "-")))
	if err != nil || os.MkdirAll(dir, 0o755) != nil {
		t.Logf("cannot keep anything of the machine: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	// Each is worth having without the others.
	_ = m.Screendump(ctx, filepath.Join(dir, "screen.ppm"))
	if serial, err := os.ReadFile(m.SerialLog()); err == nil {
		_ = os.WriteFile(filepath.Join(dir, "serial.log"), serial, 0o644)
	}
	if key, err := ownerKey(); m.client == nil && err == nil { // it may let the test in by now
		m.client, _ = guest.WaitDial(ctx, fmt.Sprintf("127.0.0.1:%d", m.port), key)
	}
	if m.client != nil {
		journal, _ := m.client.Run(ctx, "journalctl --no-pager -o short-precise; systemctl --failed --no-pager")
		_ = os.WriteFile(filepath.Join(dir, "journal.log"), []byte(journal), 0o644)
	}
	t.Logf("the machine's journal, serial log and screen are in %s", dir)
}
