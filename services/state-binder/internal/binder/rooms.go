package binder

import (
	"context"
	"slices"
	"strings"

	"resinos.io/proto/state1"
	"resinos.io/services/state-binder/internal/bind"
	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/usage"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// effective reads back what is bound, and tells of what is not and should be.
func (v *view) effective(root layout.Root) []state1.Bind {
	binds := []state1.Bind{}
	for _, declared := range v.binds {
		shown := state1.Bind{Target: declared.Path, Kind: string(declared.Kind)}
		for _, dir := range v.places.Of(declared.Partition) {
			source := dir.Source(declared.Path)
			if shown.Source == "" {
				shown.Source = source
			}
			if bind.Bound(source, root.Path(declared.Path)) {
				shown.Source, shown.Active = source, true
				break
			}
		}
		binds = append(binds, shown)
		if !shown.Active && !slices.ContainsFunc(v.problems, func(p config.Problem) bool { return p.Pointer == declared.Path }) {
			v.tell(declared.Path, "it is not bound: what is written there does not survive")
		}
	}
	return binds
}

// rooms fills in sizes and usage, and tells of a partition that is nearly full.
func (b *Binder) rooms(v *view, values map[string]any) {
	b.mu.Lock()
	parts := slices.Clone(b.parts)
	b.mu.Unlock()
	values[state1.PropertyUsage] = append([]state1.Usage{}, parts...)
	for _, partition := range []struct {
		name, label, size, used string
		dir                     place.Dir
	}{
		{string(declare.State), "resin-state", state1.PropertyPartitionSize, state1.PropertyPartitionUsed, v.places.State},
		{string(declare.Data), "resin-data", state1.PropertyDataSize, state1.PropertyDataUsed, v.places.Data},
	} {
		var room usage.Room
		if partition.dir != "" {
			var err error
			if room, err = usage.Of(string(partition.dir)); err != nil {
				v.tell(partition.label, err.Error())
			}
		}
		values[partition.size], values[partition.used] = room.Size, room.Used
		if room.NearlyFull() {
			v.tell(partition.label, usage.Describe(room, partition.name, plain(parts)))
		}
	}
}

func plain(parts []state1.Usage) []usage.Part {
	var out []usage.Part
	for _, p := range parts {
		out = append(out, usage.Part{Component: p.Component, Partition: p.Partition, Bytes: p.Bytes})
	}
	return out
}

// measure returns what each component takes on each partition.
func measure(ctx context.Context, v view) []state1.Usage {
	var sources []string
	for _, d := range v.binds {
		for _, dir := range v.places.Of(d.Partition) {
			sources = append(sources, dir.Source(d.Path))
		}
	}
	parts := []state1.Usage{}
	for _, d := range v.binds {
		dirs := v.places.Of(d.Partition)
		if len(dirs) == 0 {
			continue
		}
		bytes := usage.Measure(ctx, dirs[0].Source(d.Path), sources)
		at := slices.IndexFunc(parts, func(p state1.Usage) bool {
			return p.Component == d.Component && p.Partition == string(d.Partition)
		})
		if at < 0 {
			parts = append(parts, state1.Usage{Component: d.Component, Partition: string(d.Partition), Bytes: bytes})
			continue
		}
		parts[at].Bytes += bytes
	}
	slices.SortFunc(parts, func(a, b state1.Usage) int {
		return strings.Compare(a.Component+" "+a.Partition, b.Component+" "+b.Partition)
	})
	return parts
}
