package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/godbus/dbus/v5"
)

// connectTime bounds dialling, authentication and the bus's first answer.
const connectTime = 15 * time.Second

// ErrNameTaken is wrapped when another connection owns the name that we want.
var ErrNameTaken = errors.New("the name is owned by another program")

// Connect opens a connection of its own to the bus at address, or to the system
// bus if that is "", and serves tree on it. A nil tree serves nothing.
// The caller closes the connection.
func Connect(address string, tree *Tree) (*dbus.Conn, error) {
	ctx, cancel := context.WithCancel(context.Background())
	timer := time.AfterFunc(connectTime, cancel) // the context would close a good connection too
	defer timer.Stop()
	// Signals in their order: property changes must not overtake each other.
	options := []dbus.ConnOption{dbus.WithContext(ctx), dbus.WithSignalHandler(dbus.NewSequentialSignalHandler())}
	if tree != nil {
		options = append(options, dbus.WithHandler(tree))
	}
	conn, err := dial(address, options)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("cannot connect to the bus: %w", err)
	}
	if tree != nil {
		tree.attach(conn, &access{conn: conn})
	}
	return conn, nil
}

func dial(address string, options []dbus.ConnOption) (*dbus.Conn, error) {
	if address == "" {
		return dbus.ConnectSystemBus(options...)
	}
	return dbus.Connect(address, options...)
}

// Own makes conn the owner of the well-known name. Everything must be served
// before: from then on clients call.
func Own(ctx context.Context, conn *dbus.Conn, name string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	var reply uint32
	call := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.RequestName", 0,
		name, uint32(dbus.NameFlagDoNotQueue))
	if err := call.Store(&reply); err != nil {
		return fmt.Errorf("cannot own the bus name %s: %w", name, err)
	}
	if dbus.RequestNameReply(reply) != dbus.RequestNameReplyPrimaryOwner {
		return fmt.Errorf("cannot own the bus name %s: %w", name, ErrNameTaken)
	}
	return nil
}

// RejectOptions returns an error that wraps [ErrInvalidArgs] if options has a key
// that is not in known: an option that is silently ignored would be a promise broken.
func RejectOptions(options map[string]dbus.Variant, known ...string) error {
	for key := range options {
		if !slices.Contains(known, key) {
			return fmt.Errorf("%w: no option %q", ErrInvalidArgs, key)
		}
	}
	return nil
}
