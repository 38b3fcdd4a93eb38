// Package guest talks to a running image over ssh: root, without a password, or with
// a key where the image asks for one.
//
// A [Client] is one connection over which any number of commands run, also at
// the same time. It does not check the host key: it reaches a machine that this
// program itself started, on 127.0.0.1. It is no client for devices elsewhere.
package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// ErrCommand is what a command that ended with another status than 0 gives.
var ErrCommand = errors.New("command failed")

// handshakeTime bounds connection and login: a booting guest under emulation takes seconds.
const handshakeTime = 30 * time.Second

// A Client is a connection to a guest.
type Client struct {
	ssh *ssh.Client
}

// Dial connects to the ssh port address ("127.0.0.1:22222") once, and offers keys.
func Dial(ctx context.Context, address string, keys ...ssh.Signer) (*Client, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot reach the guest: %w", err)
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline) // a net.Conn of TCP takes deadlines
	}
	transport, channels, requests, err := ssh.NewClientConn(conn, address, clientConfig(keys))
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("cannot log in to the guest: %w", err)
	}
	_ = conn.SetDeadline(time.Time{})
	return &Client{ssh: ssh.NewClient(transport, channels, requests)}, nil
}

func clientConfig(keys []ssh.Signer) *ssh.ClientConfig {
	return &ssh.ClientConfig{
		User:            "root",
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(keys...), ssh.Password("")}, // "none" is tried before them
		HostKeyCallback: ssh.InsecureIgnoreHostKey(),
	}
}

// WaitDial tries Dial until it succeeds or ctx ends. It is gentle: every try
// costs a booting guest a process.
func WaitDial(ctx context.Context, address string, keys ...ssh.Signer) (*Client, error) {
	for {
		client, err := Dial(ctx, address, keys...)
		if err == nil {
			return client, nil
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

// Run runs command in the guest's shell and returns what it wrote to its
// standard output, also when it fails; the error then has its standard error and
// wraps ErrCommand. When ctx ends first, the command's session is closed.
func (c *Client) Run(ctx context.Context, command string) (string, error) {
	return c.RunInput(ctx, command, nil)
}

// RunInput is Run with something on the command's standard input.
func (c *Client) RunInput(ctx context.Context, command string, input io.Reader) (string, error) {
	session, err := c.ssh.NewSession()
	if err != nil {
		return "", fmt.Errorf("cannot run %q: %w", command, err)
	}
	defer session.Close()
	defer context.AfterFunc(ctx, func() { session.Close() })()

	var stdout, stderr bytes.Buffer
	session.Stdin, session.Stdout, session.Stderr = input, &stdout, &stderr
	err = session.Run(command)
	if ctx.Err() != nil {
		return stdout.String(), fmt.Errorf("cannot run %q: %w", command, ctx.Err())
	}
	return stdout.String(), commandError(command, err, stderr.String())
}

func commandError(command string, err error, stderr string) error {
	var exit *ssh.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &exit):
		return fmt.Errorf("%w: %q: status %d: %s", ErrCommand, command, exit.ExitStatus(), strings.TrimSpace(stderr))
	default:
		return fmt.Errorf("cannot run %q: %w", command, err)
	}
}

// Close ends the connection, and what runs over it.
func (c *Client) Close() error { return c.ssh.Close() }
