// Package binder is the domain of the daemon: what became of the binds, how much
// room they take, and purges that are asked for and cleaned up after.
//
// The daemon binds nothing: that was done before there was a bus, and what is
// bound under programs that run is not to be touched. It can be restarted, or
// left out, without harm.
package binder

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/state1"
	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/early"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/purge"
	"resinos.io/services/state-binder/internal/store"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
	"resinos.io/shared/layout"
)

// Errors of the methods.
var (
	ErrNotStored    = errors.New("the request for a purge is not stored")
	ErrNotCancelled = errors.New("the request for a purge is not taken back")
)

// A Binder shows and changes what State1 has.
type Binder struct {
	Root    layout.Root
	Log     *slog.Logger
	Trigger func()                      // asks for one more Apply
	Applied func(context.Context) error // applies now, and waits for it a while

	requests sync.Mutex // one change of the requests at a time
	measures chan struct{}
	own      atomic.Bool // the next Apply was asked for by ourselves: nothing new to measure
	seen     seen

	mu    sync.Mutex // guards what follows
	parts []state1.Usage
	sweep purge.Progress
	fault error // of the sweep
}

// New returns a binder for the device at root.
func New(root layout.Root, log *slog.Logger) *Binder {
	// Until it is counted what there is to delete, none of it is.
	left := purge.Trash(place.Dir(root.State()), place.Dir(root.Data()))
	return &Binder{Root: root, Log: log, measures: make(chan struct{}, 1), sweep: purge.Progress{Left: left}}
}

// Initial returns the properties before the first apply.
func (b *Binder) Initial() map[string]any {
	progress := uint32(100)
	if b.sweep.Left {
		progress = 0
	}
	return map[string]any{
		state1.PropertyBinds:          []state1.Bind{},
		state1.PropertyStore:          string(store.Partition),
		state1.PropertyPartitionSize:  uint64(0),
		state1.PropertyPartitionUsed:  uint64(0),
		state1.PropertyDataSize:       uint64(0),
		state1.PropertyDataUsed:       uint64(0),
		state1.PropertyUsage:          []state1.Usage{},
		state1.PropertyPurgePending:   "",
		state1.PropertyPurgeProgress:  progress,
		state1.PropertyPurgeRemaining: uint64(0),
	}
}

// view is what one Apply finds.
type view struct {
	report   early.Report
	places   early.PlacesInUse
	binds    []declare.Bind
	problems []config.Problem
}

func (v *view) tell(what, why string) {
	p := config.Problem{Pointer: what, Reason: why}
	if !slices.Contains(v.problems, p) {
		v.problems = append(v.problems, p)
	}
}

// Apply looks at everything. There is nothing in config.json for it.
func (b *Binder) Apply(_ context.Context, _ config.Config) (daemon.Effective, error) {
	v := b.look()
	if !b.own.Swap(false) {
		b.askForMeasure()
	}
	values := map[string]any{
		state1.PropertyStore: string(v.report.Store),
		state1.PropertyBinds: v.effective(b.Root),
	}
	b.rooms(&v, values)
	pending, err := b.pending()
	if err != nil {
		v.tell("purge", err.Error())
	}
	values[state1.PropertyPurgePending] = pending.String()
	b.progress(&v, values)
	return daemon.Effective{Values: values, Problems: v.problems}, nil
}

// look reads what the early phase left and what is declared.
func (b *Binder) look() view {
	var v view
	report, err := early.Read(b.Root)
	if err != nil {
		v.tell("state-binder-early", err.Error())
		report.Store = store.Partition
	}
	v.report = report
	v.problems = append(v.problems, report.Problems...)
	v.places = early.Places(b.Root, report.Store)
	binds, problems := declare.Load(b.Root)
	v.binds = binds
	for _, p := range problems {
		v.tell(p.Pointer, p.Reason)
	}
	return v
}

// progress fills in how far the deletion is.
func (b *Binder) progress(v *view, values map[string]any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	percent := uint32(100)
	if b.sweep.Left {
		percent = 0
		if b.sweep.Total > 0 {
			percent = uint32(min(99, b.sweep.Done*100/b.sweep.Total))
		}
	}
	values[state1.PropertyPurgeProgress] = percent
	values[state1.PropertyPurgeRemaining] = b.sweep.Total - b.sweep.Done
	if b.fault != nil {
		v.tell("purge", fmt.Sprintf("what was purged cannot be deleted: %v", b.fault))
	}
}

func (b *Binder) pending() (purge.Scope, error) {
	return purge.Requests{State: place.Dir(b.Root.State()), Boot: b.Root.Boot()}.Pending()
}

// Purge is the method of State1.
func (b *Binder) Purge(ctx context.Context, word string, options map[string]dbus.Variant) error {
	if err := bus.RejectOptions(options); err != nil {
		return err
	}
	scope, err := purge.ParseScope(word)
	if err != nil {
		return fmt.Errorf("cannot ask for a purge: %w", err)
	}
	if report, err := early.Read(b.Root); err == nil && report.Store == store.Memory {
		return fmt.Errorf("%w: the state partition cannot be used", ErrNotStored)
	}
	if err := b.change(purge.Requests.Ask, scope); err != nil {
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	b.Log.Warn("a purge was asked for", "scope", scope.String())
	return b.applied(ctx)
}

// CancelPurge is the method of State1.
func (b *Binder) CancelPurge(ctx context.Context) error {
	cancel := func(r purge.Requests, _ purge.Scope) error { return r.Cancel() }
	if err := b.change(cancel, purge.Scope{}); err != nil {
		return fmt.Errorf("%w: %w", ErrNotCancelled, err)
	}
	b.Log.Info("no purge is asked for any more")
	return b.applied(ctx)
}

func (b *Binder) change(how func(purge.Requests, purge.Scope) error, scope purge.Scope) error {
	b.requests.Lock()
	defer b.requests.Unlock()
	return how(purge.Requests{State: place.Dir(b.Root.State()), Boot: b.Root.Boot()}, scope)
}

// applied makes the properties follow, without measuring anything.
func (b *Binder) applied(ctx context.Context) error {
	b.own.Store(true)
	return b.Applied(ctx)
}

// ErrorNames is how this domain's errors go over the bus.
func ErrorNames() []bus.ErrorName {
	return []bus.ErrorName{
		{Is: purge.ErrScope, Name: state1.ErrorInvalidScope},
		{Is: ErrNotStored, Name: state1.ErrorNotStored},
		{Is: ErrNotCancelled, Name: state1.ErrorNotCancelled},
	}
}
