// Package worker runs the update worker, the program that verifies, fetches and
// writes, as a child for one piece of work. See shared/updatework for what the two
// say to each other.
//
// The child ends with the context, first in order and then by force, and with this
// process should that die. What it writes to its standard error is the journal's.
package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"resinos.io/shared/updatework"
)

// endTime is how long a child may take to end in order.
const endTime = 10 * time.Second

// Program is the worker's executable.
type Program string

// Hooks are called while the worker works, from one goroutine.
type Hooks struct {
	// Found is called before anything is written; its error ends the work.
	Found    func(updatework.Found) error
	Progress func(updatework.Progress)
}

// Run does one piece of work. Its error is an [updatework.Error] when the worker
// said why it failed.
func (p Program) Run(ctx context.Context, request updatework.Request, hooks Hooks) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := exec.CommandContext(ctx, string(p))
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = endTime
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	in, err := command.StdinPipe()
	if err != nil {
		return fmt.Errorf("cannot start the update worker: %w", err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		return fmt.Errorf("cannot start the update worker: %w", err)
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("cannot start the update worker: %w", err)
	}
	talkErr := talk(in, out, request, hooks)
	if talkErr != nil {
		cancel()
	}
	_ = in.Close() // it may be gone
	err = command.Wait()
	switch {
	case talkErr != nil:
		return talkErr
	case err != nil:
		return fmt.Errorf("the update worker ended: %w", err)
	}
	return nil
}

// talk carries the conversation until the worker says how it ended.
func talk(in io.Writer, out io.Reader, request updatework.Request, hooks Hooks) error {
	if err := json.NewEncoder(in).Encode(request); err != nil {
		return fmt.Errorf("cannot tell the update worker what to do: %w", err)
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, updatework.MaxLine)
	for lines.Scan() {
		var report updatework.Report
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			return fmt.Errorf("%w: %w", updatework.ErrProtocol, err)
		}
		switch {
		case report.Error != nil:
			return report.Error
		case report.Done:
			return nil
		case report.Progress != nil && hooks.Progress != nil:
			hooks.Progress(*report.Progress)
		case report.Found != nil:
			if err := found(in, *report.Found, hooks); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%w: %w", updatework.ErrProtocol, err)
	}
	return fmt.Errorf("%w: it ended without a result", updatework.ErrProtocol)
}

func found(in io.Writer, what updatework.Found, hooks Hooks) error {
	if hooks.Found != nil {
		if err := hooks.Found(what); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(in, "go\n"); err != nil {
		return fmt.Errorf("cannot let the update worker go on: %w", err)
	}
	return nil
}
