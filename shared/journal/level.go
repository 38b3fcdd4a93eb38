package journal

import (
	"errors"
	"fmt"
	"log/slog"
)

// ErrLevel is wrapped by the error for a level that syslog does not know.
var ErrLevel = errors.New("not a log level")

// LevelName returns level as syslog names it.
func LevelName(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "err"
	case level >= slog.LevelWarn:
		return "warning"
	case level >= slog.LevelInfo:
		return "info"
	}
	return "debug"
}

// ParseLevel returns the level for one of syslog's eight names. We log at four of
// them: emerg, alert and crit give the level of err, notice that of info.
func ParseLevel(name string) (slog.Level, error) {
	switch name {
	case "emerg", "alert", "crit", "err":
		return slog.LevelError, nil
	case "warning":
		return slog.LevelWarn, nil
	case "notice", "info":
		return slog.LevelInfo, nil
	case "debug":
		return slog.LevelDebug, nil
	}
	return 0, fmt.Errorf("%w: %q; there are emerg, alert, crit, err, warning, notice, info and debug", ErrLevel, name)
}
