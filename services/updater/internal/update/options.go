package update

import (
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"

	"resinos.io/shared/bus"
	"resinos.io/shared/release"
)

// options of Install.
type options struct {
	version                    string
	downgrade, metered, reboot bool
	rate                       uint64
}

func parseOptions(given map[string]dbus.Variant) (options, error) {
	var o options
	err := errors.Join(
		bus.RejectOptions(given, "version", "downgrade", "metered", "rate", "reboot"),
		option(given, "version", &o.version), option(given, "downgrade", &o.downgrade),
		option(given, "metered", &o.metered), option(given, "reboot", &o.reboot), option(given, "rate", &o.rate),
	)
	if err == nil && o.version != "" {
		if _, parseErr := release.ParseVersion(o.version); parseErr != nil {
			err = fmt.Errorf("%w: option \"version\": %w", bus.ErrInvalidArgs, parseErr)
		}
	}
	return o, err
}

func option[T any](given map[string]dbus.Variant, name string, to *T) error {
	value, there := given[name]
	if !there {
		return nil
	}
	typed, ok := value.Value().(T)
	if !ok {
		return fmt.Errorf("%w: option %q is a %s", bus.ErrInvalidArgs, name, value.Signature())
	}
	*to = typed
	return nil
}
