package health

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Engine fails if the container engine does not answer a ping on its socket. The
// request is written by hand: an HTTP client would cost the daemon megabytes.
func Engine(socket string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err != nil {
			return fmt.Errorf("the container engine is not reached: %w", err)
		}
		defer conn.Close()
		deadline, ok := ctx.Deadline()
		if !ok {
			deadline = time.Now().Add(checkTime)
		}
		_ = conn.SetDeadline(deadline) // a unix socket takes deadlines
		if _, err := io.WriteString(conn, "GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n"); err != nil {
			return fmt.Errorf("the container engine is not asked: %w", err)
		}
		status, err := bufio.NewReader(io.LimitReader(conn, 1024)).ReadString('\n')
		if err != nil {
			return fmt.Errorf("the container engine does not answer: %w", err)
		}
		if fields := strings.Fields(status); len(fields) < 2 || fields[1] != "200" {
			return errors.New("the container engine answers " + strings.TrimSpace(status))
		}
		return nil
	}
}
