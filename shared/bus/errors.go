package bus

import (
	"context"
	"errors"

	"github.com/godbus/dbus/v5"
)

// Names of the standard errors, from the D-Bus specification and sd-bus.
const (
	errFailed           = "org.freedesktop.DBus.Error.Failed"
	errInvalidArgs      = "org.freedesktop.DBus.Error.InvalidArgs"
	errAccessDenied     = "org.freedesktop.DBus.Error.AccessDenied"
	errUnknownObject    = "org.freedesktop.DBus.Error.UnknownObject"
	errUnknownInterface = "org.freedesktop.DBus.Error.UnknownInterface"
	errUnknownMethod    = "org.freedesktop.DBus.Error.UnknownMethod"
	errUnknownProperty  = "org.freedesktop.DBus.Error.UnknownProperty"
	errPropertyReadOnly = "org.freedesktop.DBus.Error.PropertyReadOnly"
	errLimitsExceeded   = "org.freedesktop.DBus.Error.LimitsExceeded"
	errTimeout          = "org.freedesktop.DBus.Error.Timeout"
)

// ErrInvalidArgs is wrapped by a method's error about an argument that no error
// of its own covers, for example an unknown option.
var ErrInvalidArgs = errors.New("invalid arguments")

// ErrorName says that errors which match Is go over the bus under Name.
type ErrorName struct {
	Is   error
	Name string
}

// named returns err as it goes over the bus, and whether a name for it was found.
// The first entry of table that matches decides.
func named(err error, table []ErrorName) (*dbus.Error, bool) {
	var already *dbus.Error
	if errors.As(err, &already) {
		return already, true
	}
	for _, entry := range table {
		if errors.Is(err, entry.Is) {
			return newError(entry.Name, err.Error()), true
		}
	}
	switch {
	case errors.Is(err, ErrInvalidArgs):
		return newError(errInvalidArgs, err.Error()), true
	case errors.Is(err, context.DeadlineExceeded):
		return newError(errTimeout, err.Error()), true
	}
	return newError(errFailed, err.Error()), false
}

func newError(name, text string) *dbus.Error {
	return dbus.NewError(name, []any{text})
}
