package work

import (
	"context"
	"time"

	"resinos.io/services/update-worker/internal/engine"
	"resinos.io/shared/casync"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

// maxTable is how many times as large as the index the table of deltas may be: some
// seven deltas for each chunk.
const maxTable = 13

func (w *Work) install(ctx context.Context, view *trust.View, m *release.Manifest) error {
	index, err := view.Target(ctx, m.Index.Path, m.Index.Size)
	if err != nil {
		return err
	}
	found := updatework.Found{Version: m.Version.String(), Size: m.Image.Size}
	err = engine.Install(ctx, engine.Input{
		Manifest: m, Index: index, Deltas: deltas(ctx, view, m), Source: w.source, Target: w.Target, Seed: w.Seed, Kept: w.Dir,
		TargetSlot: w.TargetSlot, SeedSlot: w.SeedSlot, Metered: w.Metered,
		Begin: func() error { return w.found(found) },
	}, w.progress())
	if err != nil {
		return err
	}
	return w.bootFiles(ctx, m)
}

// deltas fetches the table of deltas of a release. It is a help and no more: where
// there is none that can be used, there are no deltas.
func deltas(ctx context.Context, view *trust.View, m *release.Manifest) []casync.Delta {
	file, err := view.Target(ctx, trust.DeltasName(m.DeviceType, m.Variant, m.Version), maxTable*m.Index.Size)
	if err != nil {
		return nil
	}
	deltas, err := casync.ReadDeltas(file)
	if err != nil {
		return nil
	}
	return deltas
}

// progress tells at most ten times a second, and each new stage.
func (w *Work) progress() func(engine.Progress) {
	var told time.Time
	stage := ""
	return func(p engine.Progress) {
		if time.Since(told) < 100*time.Millisecond && p.Stage == stage {
			return
		}
		told, stage = time.Now(), p.Stage
		// Fails only when the updater is gone, which ends this process too.
		_ = w.Tell(updatework.Report{Progress: &updatework.Progress{
			Done: p.Done, Total: p.Total, FromSeed: p.FromSeed, FromTarget: p.FromTarget, Downloaded: p.Downloaded, Stage: p.Stage,
		}})
	}
}
