// Package descriptor reads what a client of the bus hands over as an open file.
//
// The client is not trusted with our time or memory: it can hand over anything that
// can be opened, such as a terminal, a socket or a pipe that nobody writes to.
// Promised: only a regular file or a pipe is read, never more than the limit, and a pipe
// never longer than the time given. The client's descriptor stays open and its
// flags stay as they are.
package descriptor

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Errors of Read.
var (
	ErrUnreadable = errors.New("cannot be read")
	ErrTooLarge   = errors.New("holds too much")
)

// Read reads from fd to its end. Errors wrap [ErrUnreadable] or [ErrTooLarge].
func Read(fd int, limit int64, within time.Duration) ([]byte, error) {
	file, err := open(fd)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	defer file.Close()
	if err := file.SetReadDeadline(time.Now().Add(within)); err != nil && !errors.Is(err, os.ErrNoDeadline) {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	case int64(len(data)) > limit:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
	}
	return data, nil
}

// open returns a descriptor of our own for what fd is.
func open(fd int) (*os.File, error) {
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return nil, err
	}
	switch stat.Mode & unix.S_IFMT {
	case unix.S_IFREG: // shares the client's place in the file, which is where to read from
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(own), "the descriptor"), nil
	case unix.S_IFIFO: // opened anew: a time limit needs O_NONBLOCK, which the client must not get
		return os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), os.O_RDONLY|unix.O_NONBLOCK, 0)
	}
	return nil, errors.New("neither a regular file nor a pipe")
}
