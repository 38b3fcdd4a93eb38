package qemu

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// ErrMonitor is what QEMU answers to a command that it cannot carry out.
var ErrMonitor = errors.New("QEMU refuses")

// commandTime bounds a command whose context has no deadline of its own.
const commandTime = 60 * time.Second

// A Monitor is a connection to QEMU's control socket. The protocol is QMP, see
// docs/interop/qmp-spec in QEMU's sources.
type Monitor struct {
	mu      sync.Mutex // one command at a time, on one connection
	conn    net.Conn
	decoder *json.Decoder
}

// message is anything QEMU sends: a greeting, an answer, or an event, which is skipped.
type message struct {
	Return json.RawMessage `json:"return"`
	Error  *struct {
		Desc string `json:"desc"`
	} `json:"error"`
}

// dial connects m to socket, in place of what it was connected to.
func (m *Monitor) dial(ctx context.Context, socket string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	m.close()
	m.mu.Lock()
	m.conn, m.decoder = conn, json.NewDecoder(conn)
	m.mu.Unlock()
	_, err = m.Execute(ctx, "qmp_capabilities", nil)
	return err
}

// close ends the connection, if there is one; commands fail from then on.
func (m *Monitor) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.conn != nil {
		m.conn.Close()
	}
}

// Execute carries out one QMP command and returns its answer.
func (m *Monitor) Execute(ctx context.Context, command string, arguments any) (json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(commandTime)
	}
	if err := m.conn.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", command, err)
	}
	request := map[string]any{"execute": command}
	if arguments != nil {
		request["arguments"] = arguments
	}
	if err := json.NewEncoder(m.conn).Encode(request); err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", command, err)
	}
	answer, err := m.answer()
	if err != nil {
		return nil, fmt.Errorf("cannot run %s: %w", command, err)
	}
	return answer, nil
}

// answer reads until QEMU answers the command that was sent.
func (m *Monitor) answer() (json.RawMessage, error) {
	for {
		var got message
		if err := m.decoder.Decode(&got); err != nil {
			return nil, err
		}
		if got.Error != nil {
			return nil, fmt.Errorf("%w: %s", ErrMonitor, got.Error.Desc)
		}
		if got.Return != nil {
			return got.Return, nil
		}
	}
}
