// Package sshd tells the ssh server what to do: by a file that its configuration
// includes, and by systemctl.
//
// It promises that no session is ended: sshd reads its configuration again by
// SIGHUP, and stopping the unit ends only the process that listens
// (KillMode=process). It uses systemctl, because that reaches systemd also while
// the bus is down: the way in depends on as little as possible.
package sshd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/layout"
)

// unit is sshd's.
const unit = "ssh.service"

// callTime bounds one systemctl, which only queues a job.
const callTime = 10 * time.Second

// keysOnly is sshd_config(5). It comes before everything else, and the first
// value of each keyword counts.
const keysOnly = `# Written by ssh-access: os.sshKeys of config.json has keys.
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
PermitRootLogin prohibit-password
`

// A Server is the ssh server of a device.
type Server struct {
	file string
	run  func(ctx context.Context, args ...string) (string, error)
}

// New returns the server of the device at root.
func New(root layout.Root) *Server {
	return &Server{file: root.Path("/run/resin-ssh-access/keys-only.conf"), run: systemctl}
}

// RequireKeys implements access.Server. It reloads sshd only if something changed.
func (s *Server) RequireKeys(ctx context.Context, only bool) error {
	changed, err := s.put(only)
	if err != nil || !changed {
		return err
	}
	if on, err := s.active(ctx); err != nil || !on {
		return err // it reads the file when it starts
	}
	_, err = s.run(ctx, "reload", unit)
	return err
}

// put makes the file there or not there, and reports whether that changed something.
func (s *Server) put(there bool) (changed bool, err error) {
	if !there {
		err := os.Remove(s.file)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	old, err := os.ReadFile(s.file)
	if err == nil && string(old) == keysOnly {
		return false, nil
	}
	return true, atomicfile.Write(s.file, []byte(keysOnly), 0o600)
}

// Listen implements access.Server.
func (s *Server) Listen(ctx context.Context, on bool) error {
	now, err := s.active(ctx)
	if err != nil || now == on {
		return err
	}
	verb := "stop"
	if on {
		verb = "start"
	}
	_, err = s.run(ctx, verb, unit)
	return err
}

// active reports whether sshd runs or is about to.
func (s *Server) active(ctx context.Context) (bool, error) {
	state, err := s.run(ctx, "show", "--property=ActiveState", "--value", unit)
	return state == "active" || state == "reloading" || state == "activating", err
}

// systemctl queues a job, and does not wait for it: at boot sshd waits for us.
func systemctl(ctx context.Context, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "systemctl", append([]string{"--no-block"}, args...)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("cannot %s %s: %w: %s", args[0], unit, err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(out.String()), nil
}
