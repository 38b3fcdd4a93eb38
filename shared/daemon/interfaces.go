package daemon

import (
	"context"
	"errors"

	"resinos.io/proto/logcontrol1"
	"resinos.io/proto/service1"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/journal"
)

// logControlPath is where systemctl looks for LogControl1, fixed by systemd.
const logControlPath = "/org/freedesktop/LogControl1"

// errLogTarget answers an attempt to send our log elsewhere.
var errLogTarget = errors.New("the log goes where the unit's StandardError says")

// service1 is what all daemons say of themselves.
func (d *Daemon) service1() bus.Interface {
	return bus.Interface{
		Contract: service1.Contract(),
		Methods:  bus.Methods{service1.MethodReconcile: d.Reconcile},
		Values: map[string]any{
			service1.PropertyVersion:      d.Version,
			service1.PropertyState:        stateStarting,
			service1.PropertyProblems:     []service1.Problem{},
			service1.PropertyConfigSource: string(config.FromDefaults),
			service1.PropertyAppliedAt:    uint64(0),
		},
	}
}

// logControl1 is what `systemctl service-log-level` talks to.
func (d *Daemon) logControl1() bus.Interface {
	return bus.Interface{
		Contract: logcontrol1.Contract(),
		Values: map[string]any{
			logcontrol1.PropertyLogLevel:         journal.LevelName(d.level.Level()),
			logcontrol1.PropertyLogTarget:        "journal",
			logcontrol1.PropertySyslogIdentifier: d.Name,
		},
		Setters: map[string]bus.Setter{
			logcontrol1.PropertyLogLevel:  d.setLogLevel,
			logcontrol1.PropertyLogTarget: setLogTarget,
		},
	}
}

func (d *Daemon) setLogLevel(_ context.Context, value any) (any, error) {
	name, _ := value.(string)
	level, err := journal.ParseLevel(name)
	if err != nil {
		return nil, errors.Join(bus.ErrInvalidArgs, err)
	}
	d.level.Set(level)
	return journal.LevelName(level), nil
}

func setLogTarget(_ context.Context, value any) (any, error) {
	if value != "journal" {
		return nil, errors.Join(bus.ErrInvalidArgs, errLogTarget)
	}
	return value, nil
}
