package journald

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/go-json-experiment/json"
)

// maxReply is far more than journald's empty replies need.
const maxReply = 64 << 10

// call makes one call without parameters on a connection of its own.
func (j *Journal) call(ctx context.Context, method string) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	conn, err := j.dial(ctx)
	if err == nil {
		defer conn.Close()
		err = exchange(ctx, conn, method)
	}
	if err != nil {
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, method, err)
	}
	return nil
}

// dial connects to journald; if it is not there it is being restarted.
func (j *Journal) dial(ctx context.Context) (net.Conn, error) {
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", j.socket)
		if err == nil || !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func exchange(ctx context.Context, conn net.Conn, method string) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := conn.Write([]byte(`{"method":"io.systemd.Journal.` + method + `","parameters":{}}` + "\x00")); err != nil {
		return err
	}
	message, err := bufio.NewReader(io.LimitReader(conn, maxReply)).ReadBytes(0)
	if err != nil {
		return err
	}
	return parseReply(message[:len(message)-1])
}

// errRefused is wrapped for a reply that names an error.
var errRefused = errors.New("journald refuses")

// errReply is wrapped for a reply that is no varlink.
var errReply = errors.New("not a reply")

// parseReply reads a message of varlink: an object, with the member error if the
// call failed.
func parseReply(message []byte) error {
	var reply struct {
		Error string `json:"error"`
	}
	if err := json.Unmarshal(message, &reply); err != nil {
		return fmt.Errorf("%w: %w", errReply, err)
	}
	if reply.Error != "" {
		return fmt.Errorf("%w: %s", errRefused, reply.Error)
	}
	return nil
}
