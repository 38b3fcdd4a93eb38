package bootenv

import (
	"fmt"
	"os"
	"testing"
)

// boot does what a boot loader's script does at a boot, see image/boot/grub.cfg and
// [UEnv], and returns the slot that it starts.
func boot(t *testing.T, l Loader) Slot {
	t.Helper()
	s, err := l.Load()
	if err != nil {
		t.Fatal(err)
	}
	if u, isUEnv := l.(UEnv); isUEnv {
		text, err := os.ReadFile(u.Path)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range parseUEnv(string(text)) {
			if v.name == "upgrade_available" && v.value == "1" {
				count := make([]byte, countSize)
				copy(count, fmt.Sprintf("bootcount=%x\n", u.count()+1))
				if err := os.WriteFile(u.Count, count, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		s, err = l.Load()
		if err != nil {
			t.Fatal(err)
		}
		return s.Slot
	}
	switch {
	case s.Tries == Proven:
		return s.Slot
	case s.Tries > 0:
		s.Tries--
	default:
		s = State{s.Good, s.Good, Proven, s.Slot}
	}
	if err := l.Store(s); err != nil {
		t.Fatal(err)
	}
	return s.Slot
}

// TestTransitions goes through the ways of an update with every boot loader: the
// same steps end in the same states, with the same number of tries.
func TestTransitions(t *testing.T) {
	proven := func(s, failed Slot) State { return State{s, s, Proven, failed} }
	trial := func(s Slot, tries int) State { return State{s, s.Other(), tries, None} }
	type step struct {
		store *State // nil for a boot
		want  State  // after it
	}
	to := func(s State) step { return step{&s, s} }
	booted := func(s State) step { return step{nil, s} }
	armed := []step{to(proven(A, None)), to(trial(B, 3)), booted(trial(B, 2))}
	for name, steps := range map[string][]step{
		"proven":             {to(proven(B, None)), booted(proven(B, None))},
		"it proves itself":   {to(proven(B, None)), booted(proven(B, None))},
		"it never comes up":  {booted(trial(B, 1)), booted(trial(B, 0)), booted(proven(A, B)), booted(proven(A, B)), to(proven(A, None)), booted(proven(A, None))},
		"it is given up":     {to(proven(A, B)), booted(proven(A, B)), to(proven(A, None))},
		"tries given back":   {booted(trial(B, 1)), to(trial(B, 2)), booted(trial(B, 1)), to(trial(B, 3)), booted(trial(B, 2))},
		"and one more":       {to(proven(B, None)), to(trial(A, 3)), booted(trial(A, 2)), booted(trial(A, 1)), booted(trial(A, 0)), booted(proven(B, A))},
		"the other at once":  {to(trial(A, 3)), booted(trial(A, 2)), to(proven(A, None))},
		"after a given up":   {to(proven(A, B)), to(trial(B, 3)), booted(trial(B, 2)), booted(trial(B, 1)), booted(trial(B, 0)), booted(proven(A, B))},
		"taken back in time": {to(proven(A, None)), to(trial(B, 3)), to(proven(A, None)), booted(proven(A, None))},
	} {
		for loader, l := range loaders(t) {
			for i, s := range append(armed[:len(armed):len(armed)], steps...) {
				if s.store == nil {
					if got := boot(t, l); got != s.want.Slot {
						t.Errorf("%s, %s, step %d: slot %s is started, want %s", loader, name, i, got, s.want.Slot)
					}
				} else if err := l.Store(*s.store); err != nil {
					t.Fatalf("%s, %s, step %d: %v", loader, name, i, err)
				}
				if got, err := l.Load(); err != nil || got != s.want {
					t.Fatalf("%s, %s, step %d: %+v, %v, want %+v", loader, name, i, got, err, s.want)
				}
			}
		}
	}
}
