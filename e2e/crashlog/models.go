package crashlog

// The bounds up to which everything is tried, and the sizes of the samples.
const (
	allSubsets    = 8   // writes in flight: 2^8 subsets
	sampleSubsets = 300 // of one moment with more of them
	sampleMasks   = 6   // random patterns of one torn write
	tornTogether  = 2   // of them with random other writes lost as well
)

// subsets runs at the last moment before a flush or a mark: what is legal
// earlier is legal there too.
func (w *walk) subsets(cut int) bool {
	if cut < len(w.log.Ops) && w.log.Ops[cut].Flags&(Flush|Mark) == 0 {
		return true
	}
	n := len(w.flying)
	if n > allSubsets {
		for range sampleSubsets {
			if !w.give(Spec{Model: Subset, Cut: cut, Kept: w.draw(w.flying), Torn: -1}) {
				return false
			}
		}
		return true
	}
	for bits := range 1 << n {
		var kept []int
		for i, op := range w.flying {
			if bits>>i&1 == 1 {
				kept = append(kept, op)
			}
		}
		if !w.give(Spec{Model: Subset, Cut: cut, Kept: kept, Torn: -1}) {
			return false
		}
	}
	return true
}

// torn tears the write that is the last before cut.
func (w *walk) torn(cut int) bool {
	if len(w.flying) == 0 || w.flying[len(w.flying)-1] != cut-1 || w.log.Ops[cut-1].Count < 2 {
		return true
	}
	others := w.flying[:len(w.flying)-1]
	for i, mask := range w.masks(int(w.log.Ops[cut-1].Count)) {
		kept := others
		if i < tornTogether {
			kept = w.draw(others)
		}
		if !w.give(Spec{Model: Torn, Cut: cut, Kept: kept, Torn: cut - 1, Mask: mask}) {
			return false
		}
	}
	return true
}

// masks returns random patterns, then each half, then all but the last and all but the first.
func (w *walk) masks(n int) [][]bool {
	var masks [][]bool
	for range sampleMasks {
		masks = append(masks, mask(n, func(int) bool { return w.random.IntN(2) == 0 }))
	}
	return append(masks,
		mask(n, func(i int) bool { return i < n/2 }),
		mask(n, func(i int) bool { return i >= n/2 }),
		mask(n, func(i int) bool { return i < n-1 }),
		mask(n, func(i int) bool { return i > 0 }))
}

func mask(n int, there func(int) bool) []bool {
	all := make([]bool, n)
	for i := range all {
		all[i] = there(i)
	}
	return all
}

// draw returns a random subset, small ones and large ones as likely as middling ones.
func (w *walk) draw(from []int) []int {
	share := w.random.Float64()
	var kept []int
	for _, op := range from {
		if w.random.Float64() < share {
			kept = append(kept, op)
		}
	}
	return kept
}
