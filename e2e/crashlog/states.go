package crashlog

import (
	"crypto/sha256"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
)

// A State is one content that the disk may have after a power cut. The image is
// the state's own for as long as the caller keeps it.
type State struct {
	Spec
	*Image
}

// States gives the states of the disk, which was base before the first
// operation, in order of their cut. Equal contents are given once between two
// flushes or marks. The same seed gives the same states.
func (l *Log) States(base io.ReaderAt, seed uint64) iter.Seq[State] {
	return func(yield func(State) bool) {
		discards := slices.ContainsFunc(l.Ops, func(op Op) bool { return op.Flags&Discard != 0 })
		w := walk{log: l, yield: yield, seed: seed}
		if w.run(base, false) && discards {
			w.run(base, true)
		}
	}
}

// A walk is one pass over a log.
type walk struct {
	log   *Log
	yield func(State) bool
	seed  uint64

	ignoreDiscards bool
	settled        *Image // what is on the disk for certain
	applied        int    // the operations before it are in settled
	flying         []int
	seen           map[[sha256.Size]byte]bool
	random         *rand.Rand
}

// run reports whether the caller wants more.
func (w *walk) run(base io.ReaderAt, ignoreDiscards bool) bool {
	w.ignoreDiscards, w.applied, w.flying = ignoreDiscards, 0, nil
	w.settled = NewImage(base, w.log.SectorSize)
	for cut := range len(w.log.Ops) + 1 {
		if cut == 0 || w.log.Ops[cut-1].Flags&(Flush|Mark) != 0 {
			w.seen = map[[sha256.Size]byte]bool{}
		}
		w.settle(cut)
		w.random = rand.New(rand.NewPCG(w.seed, uint64(cut))) //nolint:gosec // a sample that can be drawn again
		if !w.prefix(cut) || !w.torn(cut) || !w.subsets(cut) {
			return false
		}
	}
	return true
}

// settle moves what a power cut at cut cannot lose any more to the settled image.
func (w *walk) settle(cut int) {
	flying := w.log.inFlight(cut)
	first := cut
	if len(flying) > 0 {
		first = flying[0]
	}
	if first > w.applied {
		w.settled = w.settled.Clone() // states that were given share the old one
	}
	for ; w.applied < first; w.applied++ {
		w.log.applyTo(w.settled, w.applied, Spec{Torn: -1, IgnoreDiscards: w.ignoreDiscards})
	}
	w.flying = flying
}

func (w *walk) prefix(cut int) bool {
	return w.give(Spec{Model: Prefix, Cut: cut, Kept: w.flying, Torn: -1})
}

// give hands a state on, unless its content was seen. It reports whether the
// caller wants more.
func (w *walk) give(spec Spec) bool {
	spec.Kept = w.withCertain(spec)
	spec.IgnoreDiscards = w.ignoreDiscards
	image := NewImage(w.settled, w.log.SectorSize)
	for _, i := range spec.changed() {
		w.log.applyTo(image, i, spec)
	}
	image.dropEqual()
	key := sum(image.sectors)
	if w.seen[key] {
		return true
	}
	w.seen[key] = true
	return w.yield(State{spec, image})
}

// withCertain returns what spec keeps and what no disk may lose, in order.
func (w *walk) withCertain(spec Spec) []int {
	kept := slices.Clone(spec.Kept)
	for _, i := range w.flying {
		if w.log.certain(i, spec.Cut) && !slices.Contains(kept, i) {
			kept = append(kept, i)
		}
	}
	slices.Sort(kept)
	return kept
}
