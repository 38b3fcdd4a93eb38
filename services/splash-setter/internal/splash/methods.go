package splash

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"

	"resinos.io/proto/splash1"
	"resinos.io/services/splash-setter/internal/bootfile"
	"resinos.io/services/splash-setter/internal/descriptor"
	"resinos.io/services/splash-setter/internal/logo"
	"resinos.io/shared/bus"
)

// pipeTime is how long a client may take to fill its pipe.
const pipeTime = 2 * time.Second

// Methods are those of Splash1. Its functions may be called by several goroutines.
type Methods struct {
	File    File
	Applied func(ctx context.Context) error // applies what is there now, and waits for it a while

	mu sync.Mutex // one change of the file at a time
}

// SetLogo is the method of Splash1: it makes what png holds the owner's logo.
func (m *Methods) SetLogo(ctx context.Context, png dbus.UnixFD, options map[string]dbus.Variant) error {
	if err := m.setLogo(png, options); err != nil {
		return err // package bus closes the descriptor of a method that fails
	}
	if err := unix.Close(int(png)); err != nil {
		return fmt.Errorf("cannot close the descriptor: %w", err)
	}
	// From here on no error: the descriptor is closed, and the logo is in place.
	_ = m.Applied(ctx) // what is not applied yet is tried again by the loop
	return nil
}

func (m *Methods) setLogo(png dbus.UnixFD, options map[string]dbus.Variant) error {
	if err := bus.RejectOptions(options); err != nil {
		return err
	}
	data, err := descriptor.Read(int(png), logo.MaxBytes, pipeTime)
	if err != nil {
		return fmt.Errorf("cannot set the logo: the descriptor %w", err)
	}
	if err := logo.Check(data); err != nil {
		return fmt.Errorf("cannot set the logo: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.File.Replace(data)
}

// ResetLogo is the method of Splash1: it removes the owner's logo.
func (m *Methods) ResetLogo(ctx context.Context) error {
	m.mu.Lock()
	err := m.File.Remove()
	m.mu.Unlock()
	if err != nil {
		return err
	}
	return m.Applied(ctx)
}

// ErrorNames is how this domain's errors go over the bus.
func ErrorNames() []bus.ErrorName {
	return []bus.ErrorName{
		{Is: logo.ErrInvalid, Name: splash1.ErrorInvalidLogo},
		{Is: logo.ErrTooLarge, Name: splash1.ErrorTooLarge},
		{Is: descriptor.ErrTooLarge, Name: splash1.ErrorTooLarge},
		{Is: descriptor.ErrUnreadable, Name: splash1.ErrorUnreadable},
		{Is: bootfile.ErrNotWritten, Name: splash1.ErrorNotWritten},
	}
}
