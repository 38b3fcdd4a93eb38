package filewatch

import (
	"context"
	"errors"
	"os"
	"time"
)

// mountTable changes, as poll(2) says, whenever something is mounted or
// unmounted in the mount namespace of this process.
const mountTable = "/proc/self/mountinfo"

// watchMounts sends on changed after each change of the mount table.
func watchMounts(ctx context.Context, changed chan<- struct{}) error {
	f, err := os.Open(mountTable)
	if err != nil {
		return err
	}
	defer f.Close()
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = f.SetReadDeadline(time.Unix(1, 0)) })()
	for {
		waited := false
		err := conn.Read(func(uintptr) bool { // the second call comes after the poller's wake-up
			done := waited
			waited = true
			return done
		})
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return err
		}
		send(changed)
	}
}
