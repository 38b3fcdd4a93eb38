package update

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/health"
)

// forgiven is how many boots of a system on trial may end without a word, once
// they have come as far as the updater, and still not count as tries. A person who
// pulls the plug while waiting does so once or twice; a system that crashes each
// time is left after Tries+forgiven boots.
const forgiven = 3

// errNotArmed is told of an installation that a power cut or a kill ended.
var errNotArmed = errors.New("it was interrupted before it was finished")

// Resume takes up what the last boot left: a rollback to note, an installation
// that was cut off, or a trial to go through. boot is this boot's id. It is called
// once, before anything else.
func (u *Updater) Resume(boot string) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.finishBootFiles(); err != nil {
		u.Log.Error(err.Error())
	}
	state, err := u.load()
	if errors.Is(err, bootenv.ErrUnreadable) {
		state, err = u.mend(err)
	}
	if err != nil {
		return err
	}
	switch {
	case u.onTrial(state):
		return u.countBoot(state, boot)
	case state.Failed != bootenv.None && state.Failed != u.Booted:
		return u.noteRollback(state)
	case u.Book.Trial != nil && u.Book.Trial.Slot == u.Booted && state == proven(u.Booted):
		u.noteGood("all checks passed") // the power went before that was noted
	case u.Book.Trial != nil && !state.Trial():
		u.Book.Add(book.Failed, u.Book.Trial.Version, errNotArmed.Error())
		u.Book.Trial = nil
		u.save()
	case state.Slot != u.Booted && !state.Trial():
		// The boot loader could not start what it should have: stay where we are.
		return u.noteFallback(state)
	}
	return nil
}

// mend writes an environment that cannot be read: what runs has been started, so it
// can be again. One that runs on trial, as far as is remembered, stays on trial.
func (u *Updater) mend(fault error) (bootenv.State, error) {
	state := proven(u.Booted)
	if trial := u.Book.Trial; trial != nil && trial.Slot == u.Booted {
		state = bootenv.State{Slot: u.Booted, Good: u.dormant(), Tries: bootenv.Tries - 1}
	}
	u.Log.Error("the boot environment is written anew", "why", fault, "slot", string(u.Booted))
	return state, u.store(state)
}

// countBoot remembers that this boot of a trial came as far as the updater, and
// gives its try back unless too many such boots ended without a word.
func (u *Updater) countBoot(state bootenv.State, boot string) error {
	if u.Book.Trial == nil || u.Book.Trial.Slot != u.Booted {
		// The state partition was purged meanwhile; the trial goes on without it.
		u.Book.Trial = &book.Trial{Slot: u.Booted, Version: u.Runs.Version.String()}
	}
	trial := u.Book.Trial
	if slices.Contains(trial.Boots, boot) {
		return nil // the daemon was restarted
	}
	trial.Boots = append(trial.Boots, boot)
	u.save()
	if len(trial.Boots) > forgiven+1 || state.Tries >= bootenv.Tries-1 {
		return nil
	}
	state.Tries = bootenv.Tries - 1
	return u.store(state)
}

// noteRollback notes that the boot loader, or a system on trial, came back here.
func (u *Updater) noteRollback(state bootenv.State) error {
	if u.Book.Trial == nil && u.Book.Bad == state.Failed {
		return u.store(proven(u.Booted)) // the power went after it was noted
	}
	reason := fmt.Sprintf("slot %s did not come up in %d tries", state.Failed, bootenv.Tries)
	version := u.Book.Versions[state.Failed]
	if trial := u.Book.Trial; trial != nil && trial.Slot == state.Failed {
		version = trial.Version
		if len(trial.Boots) > 0 {
			reason = fmt.Sprintf("version %s started %d times and ended each time before it had proven itself", version, len(trial.Boots))
		}
		if trial.Failure != "" {
			reason = trial.Failure
		}
	}
	u.Book.Trial, u.Book.Rollback, u.Book.Bad = nil, reason, state.Failed
	u.Book.Add(book.RolledBack, version, reason)
	u.save()
	u.Log.Warn("rolled back", "slot", string(state.Failed), "version", version, "reason", reason)
	return u.store(proven(u.Booted))
}

// noteFallback notes that the good slot could not be started and the other was.
func (u *Updater) noteFallback(state bootenv.State) error {
	reason := fmt.Sprintf("slot %s could not be started by the boot loader", state.Slot)
	u.Book.Rollback, u.Book.Bad, u.Book.Trial = reason, state.Slot, nil
	u.Book.Add(book.RolledBack, u.Book.Versions[state.Slot], reason)
	u.save()
	return u.store(proven(u.Booted))
}

// Prove goes through the trial, if there is one, and returns when it is over. A
// system that does not prove itself in time is given up and rebooted out of.
func (u *Updater) Prove(ctx context.Context) {
	u.mu.Lock()
	state, err := u.load()
	before := book.Before{}
	if u.Book.Trial != nil {
		before = u.Book.Trial.Before
	}
	u.mu.Unlock()
	if err != nil {
		return
	}
	if !u.onTrial(state) {
		u.nothingToProve()
		return
	}
	u.Log.Info("on trial", "slot", string(u.Booted), "version", u.Runs.Version.String(), "deadline", u.Deadline)
	fault := u.tried(ctx, before)
	if ctx.Err() != nil {
		return
	}
	u.conclude(ctx, fault)
}

// tried goes through the checks, with the journal on record meanwhile.
func (u *Updater) tried(ctx context.Context, before book.Before) error {
	recording, stop := context.WithCancel(ctx)
	var recorder sync.WaitGroup
	recorder.Go(func() { u.record(recording) })
	defer recorder.Wait()
	defer stop()
	return health.Await(ctx, u.Deadline, u.Checks(before))
}

func (u *Updater) conclude(ctx context.Context, fault error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var err error
	if fault == nil {
		err = u.commit("all checks passed")
	} else {
		err = u.leave(ctx, fault)
	}
	if err != nil {
		u.Log.Error("the trial cannot be concluded", "error", err)
	}
}

// leave gives a trial up and reboots, unless somebody marked it good meanwhile.
func (u *Updater) leave(ctx context.Context, fault error) error {
	state, err := u.load()
	if err != nil || !u.onTrial(state) {
		return err
	}
	if journal, ok := u.journal(ctx); ok {
		u.keepJournal(fmt.Appendf(journal, "updater: given up: %v\n", fault))
	}
	if err := u.giveUp(state, fault.Error()); err != nil {
		return err
	}
	return u.System.Reboot(ctx)
}

// Leaving is called when the daemon is told to end. A clean reboot inside the
// trial is no fault of the system: all its tries are given back.
func (u *Updater) Leaving(ctx context.Context) {
	u.mu.Lock()
	defer u.mu.Unlock()
	stopping, err := u.System.Stopping(ctx)
	if err != nil || !stopping {
		return
	}
	state, err := u.load()
	if err != nil || !u.onTrial(state) {
		return
	}
	if u.Book.Trial != nil {
		u.Book.Trial.Boots = nil
		u.save()
	}
	state.Tries = bootenv.Tries
	if err := u.store(state); err != nil {
		u.Log.Error("the try of this boot is not given back", "error", err)
	}
}
