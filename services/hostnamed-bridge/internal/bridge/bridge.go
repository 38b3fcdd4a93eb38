// Package bridge is the domain of hostnamed-bridge: which name the device should
// have, and the way from there to the name in force.
package bridge

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/services/hostnamed-bridge/internal/mdns"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
)

// shortUUID is how many characters of the uuid make the default name.
const shortUUID = 7

// ErrNotWritten is wrapped when config.json could not be written.
var ErrNotWritten = errors.New("config.json is not written")

// An Identity gives the device's uuid.
type Identity interface {
	Ensure(ctx context.Context, configured string) (string, error)
}

// A Host has a name that can be set.
type Host interface {
	Set(ctx context.Context, name string) (inForce string, err error)
}

// An Mdns announces the name on the network.
type Mdns interface {
	Set(ctx context.Context, name string) (mdns.Status, error)
}

// An Editor edits config.json.
type Editor interface {
	Edit(ctx context.Context, edit func(*config.Document) error) error
}

// A Bridge carries the name from config.json to the kernel and to Avahi.
type Bridge struct {
	Identity Identity
	Host     Host
	Mdns     Mdns
	Config   Editor
	Applied  func(ctx context.Context) error // applies config.json as it is now, and waits for it a while
}

// Initial returns the properties before the first apply.
func (b *Bridge) Initial() map[string]any {
	return map[string]any{
		hostname1.PropertyHostname:        "",
		hostname1.PropertyDesiredHostname: "",
		hostname1.PropertySource:          "uuid",
		hostname1.PropertyMdnsName:        "",
		hostname1.PropertyMdnsState:       mdns.Absent,
		hostname1.PropertyUuid:            "",
	}
}

// Apply gives the device the name that c asks for. Only a name that could not be
// set in the kernel is an error: without Avahi, or with a uuid that could not be
// stored, the device works and the fault is a problem.
func (b *Bridge) Apply(ctx context.Context, c config.Config) (daemon.Effective, error) {
	var problems []config.Problem
	uuid, err := b.Identity.Ensure(ctx, c.UUID)
	if err != nil {
		problems = append(problems, config.Problem{Pointer: "/uuid", Reason: err.Error()})
	}
	name, source := desired(c.Hostname, uuid)
	inForce, hostErr := b.Host.Set(ctx, name)
	status, err := b.Mdns.Set(ctx, name)
	if err != nil {
		problems = append(problems, config.Problem{Pointer: "Avahi", Reason: err.Error()})
	}
	return daemon.Effective{
		Values: map[string]any{
			hostname1.PropertyHostname:        inForce,
			hostname1.PropertyDesiredHostname: name,
			hostname1.PropertySource:          source,
			hostname1.PropertyMdnsName:        status.Name,
			hostname1.PropertyMdnsState:       status.State,
			hostname1.PropertyUuid:            uuid,
		},
		Problems: problems,
	}, hostErr
}

func desired(configured, uuid string) (name, source string) {
	if configured != "" {
		return configured, "config"
	}
	return uuid[:min(shortUUID, len(uuid))], "uuid"
}

// SetHostname is the method of Hostname1: it writes the name into config.json,
// or takes the key away if name is "", and applies that.
func (b *Bridge) SetHostname(ctx context.Context, name string, options map[string]dbus.Variant) error {
	if err := bus.RejectOptions(options); err != nil {
		return err
	}
	if name != "" {
		if err := config.ValidHostname(name); err != nil {
			return fmt.Errorf("cannot set the name: %w", err)
		}
	}
	err := b.Config.Edit(ctx, func(d *config.Document) error {
		if name == "" {
			return d.Remove("/hostname")
		}
		return d.Set("/hostname", name)
	})
	if err != nil {
		return notWritten(err)
	}
	return b.Applied(ctx)
}

// notWritten wraps what stopped an edit, unless it is about the file's content.
func notWritten(err error) error {
	for _, content := range []error{config.ErrSyntax, config.ErrTooLarge, config.ErrNotRegular, config.ErrInvalidValue} {
		if errors.Is(err, content) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrNotWritten, err)
}

// ErrorNames is how this domain's errors go over the bus.
func ErrorNames() []bus.ErrorName {
	return []bus.ErrorName{
		{Is: config.ErrInvalidHostname, Name: hostname1.ErrorInvalidHostname},
		{Is: config.ErrInvalidValue, Name: hostname1.ErrorInvalidHostname},
		{Is: config.ErrSyntax, Name: hostname1.ErrorConfigUnreadable},
		{Is: config.ErrTooLarge, Name: hostname1.ErrorConfigUnreadable},
		{Is: config.ErrNotRegular, Name: hostname1.ErrorConfigUnreadable},
		{Is: ErrNotWritten, Name: hostname1.ErrorConfigNotWritten},
	}
}
