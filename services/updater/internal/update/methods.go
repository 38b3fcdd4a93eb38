package update

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/update1"
	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/shared/bus"
	"resinos.io/shared/job"
	"resinos.io/shared/updatelock"
	"resinos.io/shared/updatework"
)

// Methods are those of the interface.
func (u *Updater) Methods() bus.Methods {
	return bus.Methods{
		update1.MethodCheck: u.Check, update1.MethodInstall: u.Install, update1.MethodReboot: u.Reboot,
		update1.MethodMarkGood: u.MarkGood, update1.MethodMarkBad: u.MarkBad, update1.MethodRollback: u.Rollback,
	}
}

// ErrorNames is how this domain's errors go over the bus.
func ErrorNames() []bus.ErrorName {
	return []bus.ErrorName{
		{Is: ErrNoRepository, Name: update1.ErrorNoRepository},
		{Is: updatework.ErrPlace, Name: update1.ErrorBadSource},
		{Is: job.ErrRunning, Name: update1.ErrorAlreadyRunning},
		{Is: ErrNotCommitted, Name: update1.ErrorNotCommitted},
		{Is: ErrLocked, Name: update1.ErrorLocked},
		{Is: ErrBootEnvironment, Name: update1.ErrorBootEnvironment},
		{Is: ErrNothingToRollBack, Name: update1.ErrorNothingToRollBack},
	}
}

// Reboot is the method.
func (u *Updater) Reboot(ctx context.Context, given map[string]dbus.Variant) error {
	if err := bus.RejectOptions(given, "force"); err != nil {
		return err
	}
	force := false
	if err := option(given, "force", &force); err != nil {
		return err
	}
	held, err := updatelock.Held(u.Places.Locks)
	if err != nil {
		return err
	}
	if held != "" && !force {
		return fmt.Errorf("cannot reboot: %w: %s", ErrLocked, held)
	}
	return u.System.Reboot(ctx)
}

// Rollback is the method.
func (u *Updater) Rollback(ctx context.Context, given map[string]dbus.Variant) error {
	if err := bus.RejectOptions(given, "reboot"); err != nil {
		return err
	}
	reboot := false
	if err := option(given, "reboot", &reboot); err != nil {
		return err
	}
	if err := u.goBack(); err != nil {
		return err
	}
	if !reboot {
		return nil
	}
	return u.Reboot(ctx, nil)
}

// goBack makes the other system, or the one that ran before, the next to boot.
func (u *Updater) goBack() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	state, err := u.load()
	if err != nil {
		return err
	}
	other := u.dormant()
	switch {
	case u.active != "":
		return fmt.Errorf("cannot roll back: %w: %s", job.ErrRunning, u.active)
	case u.onTrial(state):
		return u.giveUp(state, "asked for")
	case state.Trial():
		u.Book.Add(book.Cancelled, u.Book.Versions[other], "taken back before its first boot")
		u.Book.Trial = nil
		u.save()
		return u.store(proven(u.Booted))
	case u.Book.Versions[other] == "" || u.Book.Bad == other:
		return ErrNothingToRollBack
	}
	u.Book.Trial = &book.Trial{Slot: other, Version: u.Book.Versions[other], From: u.Runs.Version.String()}
	u.save()
	u.dropJournal()
	return u.store(bootenv.State{Slot: other, Good: u.Booted, Tries: bootenv.Tries})
}
