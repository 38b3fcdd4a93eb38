package update

import (
	"context"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/update1"
	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
	"resinos.io/shared/updatework"
)

// Apply takes the configuration and tells what is in force. The slots are read
// from the boot environment each time: it is the one truth about them.
func (u *Updater) Apply(_ context.Context, c config.Config) (daemon.Effective, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if c.Update.URL != u.config.Update.URL {
		u.Book.Known, u.fault = "", nil
		u.nextAsk = u.soon()
	}
	u.config = c
	state, err := u.load()
	var problems []config.Problem
	if err != nil {
		problems = append(problems, config.Problem{Pointer: "boot environment", Reason: err.Error()})
	}
	if u.fault != nil {
		problems = append(problems, config.Problem{Pointer: "repository", Reason: u.fault.Error()})
	}
	return daemon.Effective{Values: u.values(state), Problems: problems}, nil
}

// Initial returns the properties before the first Apply.
func (u *Updater) Initial() map[string]any { return u.values(bootenv.State{}) }

func (u *Updater) values(state bootenv.State) map[string]any {
	active := u.active
	if active == "" {
		active = "/"
	}
	history := []update1.Event{}
	for _, e := range u.Book.Events {
		history = append(history, update1.Event{Time: uint64(max(e.Time, 0)), Event: e.Event, Version: e.Version, Detail: e.Detail})
	}
	return map[string]any{
		update1.PropertyCurrentVersion:     u.Runs.Version.String(),
		update1.PropertyAvailableVersion:   u.Book.Known,
		update1.PropertySlots:              u.slots(state),
		update1.PropertyBootedSlot:         string(u.Booted),
		update1.PropertyPrimarySlot:        string(state.Slot),
		update1.PropertyTryPending:         state.Trial(),
		update1.PropertyLastRollbackReason: u.Book.Rollback,
		update1.PropertyHistory:            history,
		update1.PropertyActiveJob:          active,
	}
}

func (u *Updater) slots(state bootenv.State) []map[string]dbus.Variant {
	rows := []map[string]dbus.Variant{}
	for _, slot := range []bootenv.Slot{bootenv.A, bootenv.B} {
		version := u.Book.Versions[slot]
		if slot == u.Booted {
			version = u.Runs.Version.String()
		}
		rows = append(rows, map[string]dbus.Variant{
			"slot":    dbus.MakeVariant(string(slot)),
			"device":  dbus.MakeVariant(u.Places.Device(slot)),
			"version": dbus.MakeVariant(version),
			"state":   dbus.MakeVariant(u.slotState(slot, version, state)),
		})
	}
	return rows
}

// slotState names what a slot is.
func (u *Updater) slotState(slot bootenv.Slot, version string, state bootenv.State) string {
	switch {
	case slot == u.Booted && state.Trial() && state.Slot == slot:
		return "trial"
	case slot == u.Booted && state.Failed == slot:
		return "failed"
	case slot == u.Booted:
		return "good"
	case u.active != "":
		return "writing"
	case version == "":
		return "empty"
	case state.Trial() && state.Slot == slot:
		return "waiting"
	case slot == u.Book.Bad || slot == state.Failed:
		return "failed"
	}
	return "good"
}

// MarkGood is the method: what runs is good from now on.
func (u *Updater) MarkGood(context.Context) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.commit("marked good")
}

// commit makes the running slot the one good system. Nothing rolls back after it.
func (u *Updater) commit(how string) error {
	state, err := u.load()
	if err != nil {
		return err
	}
	if !u.onTrial(state) {
		return nil
	}
	if err := u.store(proven(u.Booted)); err != nil {
		return err
	}
	u.nothingToProve()
	u.noteGood(how)
	return nil
}

// noteGood notes that the running system has proven itself.
func (u *Updater) noteGood(how string) {
	version := u.Runs.Version.String()
	u.Book.Versions[u.Booted] = version
	u.Book.Trial, u.Book.Rollback, u.Book.Bad = nil, "", bootenv.None
	u.Book.Add(book.Good, version, how)
	u.dropJournal()
	u.save()
	u.Log.Info("the system has proven itself", "version", version, "slot", string(u.Booted), "how", how)
}

// MarkBad is the method: what runs on trial is given up with the next boot.
func (u *Updater) MarkBad(_ context.Context, reason string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	state, err := u.load()
	if err != nil {
		return err
	}
	if !u.onTrial(state) {
		return ErrNothingToRollBack
	}
	return u.giveUp(state, reason)
}

// giveUp sends the next boot back to the slot that was good. The reason is
// durable before the environment changes; the old system reads it.
func (u *Updater) giveUp(state bootenv.State, reason string) error {
	if u.Book.Trial == nil {
		u.Book.Trial = &book.Trial{Slot: state.Slot, Version: u.Runs.Version.String()}
	}
	u.Book.Trial.Failure = reason
	u.save()
	back := proven(state.Good)
	back.Failed = state.Slot
	u.Log.Warn("the update is given up", "reason", reason)
	return u.store(back)
}

// repository returns where updates come from: source, or what the owner configured.
func (u *Updater) repository(source string) (string, error) {
	if source != "" {
		_, err := updatework.ParsePlace(source)
		return source, err
	}
	if u.config.Update.URL == "" {
		return "", ErrNoRepository
	}
	return u.config.Update.URL, nil
}
