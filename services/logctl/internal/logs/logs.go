// Package logs is the domain of logctl: where the journal should be kept and how
// much of it, and the way from there to what journald does.
package logs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"resinos.io/proto/log1"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
)

const (
	fileStep = 8 << 20     // what journald takes of a disk at a time
	retry    = time.Minute // between two looks whether the data partition can be used by now
)

// ErrStayed is wrapped when journald reports success and writes where it did before.
var ErrStayed = errors.New("journald agreed, but goes on writing")

// A Journal is journald.
type Journal interface {
	Flush(ctx context.Context) error
	Relinquish(ctx context.Context) error
	Sync(ctx context.Context) error
	Rotate(ctx context.Context) error
	OnDisk() bool
	Flushed() bool
}

// A Disk is the folder on the data partition.
type Disk interface {
	Check(need uint64) error
	Mark(persistent bool) error
	Usage() (uint64, error)
	Vacuum(limit uint64, active bool) (freed uint64, err error)
}

// Logs carries the journal's place and sizes from config.json to journald.
type Logs struct {
	Journal Journal
	Disk    Disk
	RAM     interface{ Usage() (uint64, error) } // the journal in RAM
	Sizes   interface {
		Set(ctx context.Context, want config.Logging) (inForce config.Logging, err error)
	}
	Config interface {
		Edit(ctx context.Context, edit func(*config.Document) error) error
	}
	Applied func(ctx context.Context) error // applies config.json as it is now, and waits for it a while
	Trigger func()                          // asks for one more Apply

	mu    sync.Mutex  // held while journald's files change hands
	again *time.Timer // calls Trigger; used by Apply only
}

// Initial returns the properties before the first apply.
func (l *Logs) Initial() map[string]any {
	return map[string]any{
		log1.PropertyPersistent:        l.Journal.OnDisk(),
		log1.PropertyDesiredPersistent: false,
		log1.PropertyRuntimeMaxUse:     uint64(0),
		log1.PropertySystemMaxUse:      uint64(0),
	}
}

// Apply makes journald keep the journal where c asks. A journal that cannot be on
// disk is kept in RAM: a problem, and no error, for the device works. It is looked
// at again every minute then.
func (l *Logs) Apply(ctx context.Context, c config.Config) (daemon.Effective, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var problems []config.Problem
	sizes, err := l.Sizes.Set(ctx, c.Logging)
	if err != nil {
		problems = append(problems, config.Problem{Pointer: "/os/logging", Reason: err.Error()})
	}
	if c.PersistentLogging {
		err = l.toDisk(ctx)
	} else {
		err = l.toRAM(ctx)
	}
	if err != nil {
		problems = append(problems, config.Problem{Pointer: "/persistentLogging", Reason: err.Error()})
	}
	l.lookAgain(len(problems) > 0)
	return daemon.Effective{
		Values: map[string]any{
			log1.PropertyPersistent:        l.Journal.OnDisk(),
			log1.PropertyDesiredPersistent: c.PersistentLogging,
			log1.PropertyRuntimeMaxUse:     sizes.RuntimeMaxUse,
			log1.PropertySystemMaxUse:      sizes.SystemMaxUse,
		},
		Problems: problems,
	}, nil
}

// toDisk makes journald write to disk, or keeps it in RAM and returns why.
func (l *Logs) toDisk(ctx context.Context) error {
	err := l.flush(ctx)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("the journal stays in RAM: %w", err), l.toRAM(ctx))
}

func (l *Logs) flush(ctx context.Context) error {
	if l.Journal.OnDisk() {
		return errors.Join(l.Disk.Check(0), l.Disk.Mark(true))
	}
	inRAM, err := l.RAM.Usage()
	if err != nil {
		return err
	}
	if err := l.Disk.Check(inRAM + fileStep); err != nil {
		return err
	}
	if err := l.Disk.Mark(true); err != nil {
		return err
	}
	if err := l.Journal.Flush(ctx); err != nil {
		return err
	}
	if !l.Journal.OnDisk() {
		return fmt.Errorf("%w to RAM", ErrStayed)
	}
	return nil
}

// toRAM makes journald write to RAM. What is on disk stays there.
func (l *Logs) toRAM(ctx context.Context) error {
	err := l.Disk.Mark(false)
	if !l.Journal.Flushed() {
		return err
	}
	if err := errors.Join(err, l.Journal.Relinquish(ctx)); err != nil {
		return err
	}
	if l.Journal.OnDisk() {
		return fmt.Errorf("%w to disk", ErrStayed)
	}
	return nil
}

// lookAgain asks for one more Apply in a while, or for none.
func (l *Logs) lookAgain(wanted bool) {
	if l.again != nil {
		l.again.Stop()
		l.again = nil
	}
	if wanted {
		l.again = time.AfterFunc(retry, l.Trigger)
	}
}
