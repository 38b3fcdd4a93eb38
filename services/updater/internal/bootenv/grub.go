package bootenv

import (
	"errors"
	"fmt"
	"os"

	"resinos.io/shared/atomicfile"
)

// GRUB is the environment block of GRUB in a file on the boot partition. Its name
// is the file's; Good is a second one that is only read when the first cannot be.
type GRUB struct {
	Path string // grubenv: overwritten in place, never truncated, never made anew while it is whole
	Good string // grubenv.good: the same as it was when a slot last proved itself
}

// Load implements [Loader].
func (g GRUB) Load() (State, error) {
	variables, err := g.read(g.Path)
	if err != nil {
		return State{}, fmt.Errorf("cannot read %s: %w", g.Path, err)
	}
	state, err := stateOf(variables)
	if err != nil {
		return State{}, fmt.Errorf("cannot read %s: %w", g.Path, err)
	}
	return state, nil
}

func (GRUB) read(path string) ([]variable, error) {
	block, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return parseBlock(block)
}

// Store implements [Loader]. A proven state is written to the second file too,
// after the first: at every moment one of the two is whole.
func (g GRUB) Store(s State) error {
	before, err := g.read(g.Path)
	if err != nil {
		before = nil // what cannot be read is replaced, and nothing of it kept
	}
	block, err := format(s, before)
	if err != nil {
		return err
	}
	if err := put(g.Path, block); err != nil {
		return err
	}
	if s.Tries == Proven && s.Slot == s.Good {
		return put(g.Good, block)
	}
	return nil
}

// put overwrites a block in place. Only what cannot be overwritten, and so is of no
// use to the boot loader, is made anew: it goes by the other file meanwhile.
func put(path string, block []byte) error {
	if err := atomicfile.Overwrite(path, block); err != nil {
		if err := renew(path, block); err != nil {
			return err
		}
	}
	back, err := os.ReadFile(path)
	if err == nil && string(back) != string(block) {
		err = errors.New("it reads back as something else")
	}
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return nil
}

// renew makes a file of the boot partition anew whose content is no use.
func renew(path string, content []byte) error {
	if err := atomicfile.Finish(path); err != nil {
		return err
	}
	if err := atomicfile.Remove(path); err != nil {
		return err
	}
	return atomicfile.Replace(path, nil, content, 0o600)
}
