// Package early is the first phase of state-binder: it runs once at boot, needs no
// bus, and is done before anything writes where the binds will be.
//
//	partition -> purge, if asked for -> binds -> report
//
// Promised: whatever is wrong, it ends, and as many paths are bound as can be; a
// boot is never stopped by it. What is wrong is in the report, which the second
// phase shows on the bus.
package early

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path"

	"resinos.io/services/state-binder/internal/bind"
	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/purge"
	"resinos.io/services/state-binder/internal/store"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// A Phase is one run. Its fields are where it works.
type Phase struct {
	Root   layout.Root
	Disk   store.Disk
	System bind.System
	Log    *slog.Logger
}

// Run does everything and writes the report. Its error says only that there is no
// report.
func (p *Phase) Run(ctx context.Context) error {
	report := p.run(ctx)
	for _, problem := range report.Problems {
		p.Log.Warn(problem.Pointer + ": " + problem.Reason)
	}
	p.Log.Info("bound", "store", report.Store, "purged", report.Purged, "problems", len(report.Problems))
	return Write(p.Root, report)
}

func (p *Phase) run(ctx context.Context) Report {
	report := Report{}
	report.Store, report.Problems = store.Open(ctx, p.Disk)
	places := Places(p.Root, report.Store)
	binds, problems := declare.Load(p.Root)
	report.tell(problems...)
	if places.State != "" {
		if err := removeLeftovers(places.State); err != nil {
			report.tell(config.Problem{Pointer: "leftovers", Reason: err.Error()})
		}
	}
	p.purge(ctx, &report, places, binds)
	for _, dir := range []place.Dir{places.State, places.Data} {
		if dir == "" {
			continue
		}
		if err := purge.Prepare(dir); err != nil {
			report.tell(config.Problem{Pointer: "purge", Reason: err.Error()})
		}
	}
	if err := os.MkdirAll(string(places.Memory), 0o755); err != nil {
		report.tell(config.Problem{Pointer: "memory", Reason: err.Error()})
	}
	binder := &bind.Binder{
		Root: p.Root, State: places.State, Data: places.Data, Memory: places.Memory, System: p.System,
	}
	report.tell(binder.All(binds)...)
	return report
}

// purge carries out what was asked for, partition by partition. What cannot be
// done now stays asked for.
func (p *Phase) purge(ctx context.Context, report *Report, places PlacesInUse, binds []declare.Bind) {
	requests := purge.Requests{State: place.Dir(p.Root.State()), Boot: p.Root.Boot()}
	if err := requests.Tidy(); err != nil {
		report.tell(config.Problem{Pointer: "purge", Reason: err.Error()})
	}
	pending, err := requests.Pending()
	if err != nil {
		report.tell(config.Problem{Pointer: "purge", Reason: err.Error()})
	}
	var done purge.Scope
	for _, part := range []struct {
		scope purge.Scope
		dir   place.Dir
		name  declare.Partition
	}{
		{purge.Scope{State: true}, places.State, declare.State},
		{purge.Scope{Data: true}, places.Data, declare.Data},
	} {
		if pending.Without(part.scope) == pending {
			continue
		}
		if err := emptyPart(part.dir, keeps(binds, part.name)); err != nil {
			report.tell(config.Problem{Pointer: "purge", Reason: fmt.Sprintf("%s stays asked for: %v", part.scope, err)})
			continue
		}
		done = done.With(part.scope)
		if err := purge.MakeRoom(ctx, part.dir); err != nil {
			report.tell(config.Problem{Pointer: "purge", Reason: err.Error()})
		}
	}
	if done == (purge.Scope{}) {
		return
	}
	report.Purged = done.String()
	if err := requests.Done(done); err != nil {
		report.tell(config.Problem{Pointer: "purge", Reason: fmt.Sprintf("done, but the request cannot be removed: %v", err)})
	}
}

var errNotThere = errors.New("the partition is not there")

func emptyPart(dir place.Dir, keep []string) error {
	if dir == "" {
		return errNotThere
	}
	return purge.Empty(dir, keep)
}

// keeps returns the declared paths that stay.
func keeps(binds []declare.Bind, partition declare.Partition) []string {
	var paths []string
	for _, b := range binds {
		for _, keep := range b.Keep {
			if b.Partition == partition {
				paths = append(paths, path.Join(b.Path, keep))
			}
		}
	}
	return paths
}
