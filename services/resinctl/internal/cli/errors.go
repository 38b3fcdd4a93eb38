package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/resinctl/internal/device"
)

func notAllowed(err error) bool {
	return errors.Is(err, device.ErrNotAllowed) || errors.Is(err, fs.ErrPermission)
}

// refused turns a service's error into one for a person: its text, and its name
// if that is the service's own, so that a script can look for it.
func refused(what string, err error) error {
	if err == nil {
		return nil
	}
	err = device.Plain(err)
	var remote dbus.Error
	if errors.As(err, &remote) {
		name := remote.Name
		if _, own, found := strings.Cut(name, ".Error."); found && strings.HasPrefix(name, "io.resinos.") {
			return wrapped(err, "%s: %s (%s)", what, text(remote), own)
		}
		return wrapped(err, "%s: %s", what, text(remote))
	}
	return fmt.Errorf("%s: %w", what, err)
}

func text(remote dbus.Error) string {
	if len(remote.Body) > 0 {
		if s, ok := remote.Body[0].(string); ok {
			return s
		}
	}
	return remote.Name
}

// worded is an error with a text of its own.
type worded struct {
	text  string
	cause error
}

func (w worded) Error() string { return w.text }

func (w worded) Unwrap() error { return w.cause }

func wrapped(cause error, format string, args ...any) error {
	return worded{fmt.Sprintf(format, args...), cause}
}
