package mdns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/holoplot/go-avahi"

	"resinos.io/shared/bus"
)

// server is the Avahi client of go-avahi with the one call it lacks: its
// SetServerName calls a method that Avahi does not have.
type server struct {
	*avahi.Server
	conn *dbus.Conn
}

// SetHostName makes Avahi register name in place of the one it has.
func (s server) SetHostName(name string) error {
	return s.conn.Object(busName, "/").Call("org.freedesktop.Avahi.Server.SetHostName", 0, name).Err
}

// session runs do with an Avahi client of its own, and ends it when do is done or
// the time is over: a call that is under way then fails, because its connection
// is closed.
func session(ctx context.Context, limit time.Duration, do func(server) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := bus.Connect("", nil)
	if err != nil {
		return err
	}
	client, err := avahi.ServerNew(conn)
	if err != nil {
		conn.Close()
		return fmt.Errorf("cannot make an Avahi client: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- do(server{client, conn}) }()
	select {
	case err = <-done:
		client.Close()
		return err
	case <-ctx.Done():
		client.Close() // do ends with it
		return errors.Join(ctx.Err(), <-done)
	}
}
