// Package update is the domain of the updater: which slot is what, what goes into
// the dormant one, and whether what runs on trial has proven itself.
//
// The boot environment alone decides what boots, and each transition is one write
// of it: armed (the next boot tries the dormant slot), proven, given up. What is
// remembered beside it (package book) says why. Between any two writes a power cut
// leaves a device that boots one of the two systems.
package update

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/health"
	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
	"resinos.io/shared/job"
	"resinos.io/shared/release"
	"resinos.io/shared/updatework"
)

// Errors of the methods.
var (
	ErrNoRepository      = errors.New("no repository: os.update.url is not set")
	ErrNotCommitted      = errors.New("what runs has not proven itself yet")
	ErrLocked            = errors.New("an update lock is held")
	ErrBootEnvironment   = errors.New("the boot environment cannot be used")
	ErrNothingToRollBack = errors.New("there is nothing to go back to")
)

// A System is what the device says and does.
type System interface {
	NetworkState(ctx context.Context) uint32
	ActiveState(ctx context.Context, unit string) (string, error)
	Stopping(ctx context.Context) (bool, error)
	Reboot(ctx context.Context) error
	Journal(ctx context.Context) ([]byte, error) // of this boot, its end
}

// A Worker verifies, fetches and writes.
type Worker interface {
	Run(ctx context.Context, request updatework.Request, hooks worker.Hooks) error
}

// Jobs runs one job at a time.
type Jobs interface {
	Start(ctx context.Context, work job.Work) (dbus.ObjectPath, error)
}

// Places are the paths that the updater and its worker use.
type Places struct {
	Root, Floor string // what the image ships: root.json, floor.json
	Boot        string // the boot partition
	Locks       string // the directory of update locks
	Proven      string // a file in RAM: this boot has nothing to prove any more
	Device      func(bootenv.Slot) string
}

// An Updater keeps the slots.
type Updater struct {
	Env    bootenv.Loader
	Book   *book.Book
	Booted bootenv.Slot // None if the boot loader did not say
	Runs   release.System
	System System
	Worker Worker
	Jobs   Jobs
	Places Places
	Log    *slog.Logger
	Life   context.Context // the daemon's: jobs end with it, not with a call
	// Changed asks for a new Apply; Checks are those of a trial.
	Changed  func()
	Checks   func(book.Before) []health.Check
	Deadline time.Duration // for a trial to prove itself

	mu      sync.Mutex // of all below, the book and each read and write of Env
	config  config.Config
	active  dbus.ObjectPath // the job that runs, "" if none
	fault   error           // of the last look into the repository
	asking  bool            // a look is under way
	nextAsk time.Time
	// notBefore is when an installation that nobody asks for may be tried again.
	notBefore time.Time
	postponed bool // a reboot waits for an update lock to be given up
}

// Slots that a state names, as a person reads them.
func (u *Updater) dormant() bootenv.Slot { return u.Booted.Other() }

// load reads the environment.
func (u *Updater) load() (bootenv.State, error) {
	if u.Booted == bootenv.None {
		return bootenv.State{}, errors.Join(ErrBootEnvironment, errors.New("the boot loader did not say which slot it started"))
	}
	state, err := u.Env.Load()
	if err != nil {
		return state, errors.Join(ErrBootEnvironment, err)
	}
	return state, nil
}

// store writes the environment.
func (u *Updater) store(state bootenv.State) error {
	if err := u.Env.Store(state); err != nil {
		return errors.Join(ErrBootEnvironment, err)
	}
	u.Changed()
	return nil
}

// proven is the state in which slot is the one good system.
func proven(slot bootenv.Slot) bootenv.State {
	return bootenv.State{Slot: slot, Good: slot, Tries: bootenv.Proven}
}

// onTrial reports whether state has the running system on trial.
func (u *Updater) onTrial(state bootenv.State) bool {
	return state.Trial() && state.Slot == u.Booted
}

// nothingToProve tells updater-watch.service, which would otherwise end this boot.
func (u *Updater) nothingToProve() {
	err := os.MkdirAll(filepath.Dir(u.Places.Proven), 0o755)
	if err == nil {
		err = atomicfile.Write(u.Places.Proven, nil, 0o644)
	}
	if err != nil {
		u.Log.Error("cannot say that the system is not on trial", "error", err)
	}
}

// save makes the book durable. A book that cannot be written is told of and no
// reason to stop: the environment decides.
func (u *Updater) save() {
	if err := u.Book.Save(); err != nil {
		u.Log.Error(err.Error())
	}
}
