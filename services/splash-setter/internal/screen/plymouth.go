package screen

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	client     = "/usr/bin/plymouth"
	clientTime = 8 * time.Second
	pidPath    = "/run/plymouth/pid"
	endTime    = 5 * time.Second
)

// errStays is for a Plymouth that does not end.
var errStays = errors.New("it does not end")

// plymouthRuns reports whether there is a Plymouth. One that does not answer in time
// is busy: if there is none, its client says so at once.
func (s Screen) plymouthRuns(ctx context.Context) bool {
	err := s.plymouth(ctx, "--ping")
	return err == nil || errors.Is(err, context.DeadlineExceeded)
}

// plymouth runs Plymouth's client.
func (s Screen) plymouth(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, clientTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.Root.Path(client), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", cmp.Or(ctx.Err(), err), bytes.TrimSpace(out))
	}
	return nil
}

// endPlymouth has Plymouth let go of the screen, ends it and waits until it is gone.
// It is killed: when it quits by itself, it sometimes crashes and writes its memory map
// on the screen (24.004), and it has nothing to save.
func (s Screen) endPlymouth(ctx context.Context) error {
	text, err := os.ReadFile(s.Root.Path(pidPath))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	process, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return err
	}
	defer unix.Close(process) //nolint:errcheck // nothing was written to it
	// One that is too busy to let go is ended all the same: the kernel takes the screen back.
	if err := s.plymouth(ctx, "deactivate"); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it keeps the screen: %w", err)
	}
	if err := unix.PidfdSendSignal(process, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return err
	}
	return awaitEnd(process)
}

// awaitEnd waits for the end of a process, when all its files are closed.
func awaitEnd(process int) error {
	ended := []unix.PollFd{{Fd: int32(process), Events: unix.POLLIN}}
	for start := time.Now(); time.Since(start) < endTime; {
		n, err := unix.Poll(ended, int(endTime.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if n > 0 {
			return nil
		}
	}
	return errStays
}
