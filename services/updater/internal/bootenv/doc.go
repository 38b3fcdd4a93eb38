// Package bootenv reads and writes what the boot loader goes by: which slot it
// starts, how many tries that slot has left, and where to go back to.
//
// There is a [Loader] for each boot loader; all of them tell the same [State] and
// give the same number of tries. A Store is one write that is either seen whole or
// not at all, at a power cut too. Variables that are not ours are kept.
//
// It does not decide which state to go to; that is package book's caller.
package bootenv

import "errors"

// Tries is how many boots a slot on trial has to prove itself.
const Tries = 3

// Proven is the number of tries of a state that is no trial.
const Proven = -1

// A Slot is one of the two roots.
type Slot string

// The slots. None is what a State has where nothing is said.
const (
	None Slot = ""
	A    Slot = "A"
	B    Slot = "B"
)

// Other returns the other slot.
func (s Slot) Other() Slot {
	if s == A {
		return B
	}
	return A
}

func (s Slot) valid() bool { return s == A || s == B }

// ErrUnreadable is wrapped when an environment cannot be read as one. The boot
// loader then starts the slot that was last good.
var ErrUnreadable = errors.New("the boot environment is not readable")

// A State is what the boot loader goes by.
type State struct {
	Slot   Slot // what it starts
	Good   Slot // the slot that last proved itself
	Tries  int  // boots that Slot may still take to prove itself; Proven if it has
	Failed Slot // the slot that used up its tries, until the system has taken note
}

// Trial says whether Slot has yet to prove itself.
func (s State) Trial() bool { return s.Slot != s.Good && s.Tries != Proven }

// A Loader is a boot loader's environment.
type Loader interface {
	// Load returns the state; its error wraps [ErrUnreadable] if there is none to read.
	Load() (State, error)
	// Store makes the state the one that the next boot goes by. When it returns
	// nil that is durable.
	Store(State) error
}
