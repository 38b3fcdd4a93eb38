package bootenv

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// GRUB's environment block: blockSize bytes that begin with a signature line, then
// NAME=VALUE lines, filled up with '#'. Source: grub-core/lib/envblk.c and
// include/grub/lib/envblk.h of GRUB 2.
const (
	blockSize = 1024
	signature = "# GRUB Environment Block\n"
	// decisive is how much of the block one sector holds: our variables are in
	// it, so that a torn write is the old state or the new one.
	decisive = 512
)

// variable is one line of a block.
type variable struct{ name, value string }

// parseBlock returns the variables of a block, in their order.
func parseBlock(block []byte) ([]variable, error) {
	if len(block) != blockSize {
		return nil, fmt.Errorf("%w: it has %d bytes, not %d", ErrUnreadable, len(block), blockSize)
	}
	rest, found := bytes.CutPrefix(block, []byte(signature))
	if !found {
		return nil, fmt.Errorf("%w: it does not begin with GRUB's signature", ErrUnreadable)
	}
	var variables []variable
	for len(rest) > 0 && rest[0] != '#' {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		name, value, isVariable := strings.Cut(string(line), "=")
		if !ended || !isVariable || name == "" {
			return nil, fmt.Errorf("%w: %.40q is no variable", ErrUnreadable, line)
		}
		variables = append(variables, variable{name, value})
		rest = after
	}
	return variables, nil
}

// ours are the names that this project gives a meaning, see image/boot/grub.cfg.
func ours(s State) []variable {
	tries := ""
	if s.Tries != Proven {
		tries = strconv.Itoa(s.Tries)
	}
	return []variable{{"slot", string(s.Slot)}, {"good", string(s.Good)}, {"tries", tries}, {"failed", string(s.Failed)}}
}

func valuesOf(variables []variable) map[string]string {
	values := make(map[string]string, len(variables))
	for _, v := range variables {
		values[v.name] = v.value
	}
	return values
}

// without returns the variables that are not among others.
func without(variables, others []variable) []variable {
	var rest []variable
	for _, v := range variables {
		there := false
		for _, other := range others {
			there = there || v.name == other.name
		}
		if !there {
			rest = append(rest, v)
		}
	}
	return rest
}

// stateOf reads a state as grub.cfg does.
func stateOf(variables []variable) (State, error) {
	values := valuesOf(variables)
	s := State{Slot: Slot(values["slot"]), Good: Slot(values["good"]), Failed: Slot(values["failed"]), Tries: Proven}
	if !s.Slot.valid() {
		return State{}, fmt.Errorf("%w: slot is %.20q, not A or B", ErrUnreadable, values["slot"])
	}
	if !s.Good.valid() {
		s.Good = s.Slot
	}
	if !s.Failed.valid() {
		s.Failed = None
	}
	if text := values["tries"]; text != "" {
		// What is no number of tries is none left, as for the boot loader.
		s.Tries = 0
		if tries, err := strconv.Atoi(text); err == nil && tries > 0 && tries <= Tries {
			s.Tries = tries
		}
	}
	return s, nil
}

// format returns a block with the state first and the other variables of before
// behind it; those that no longer fit are an error.
func format(s State, before []variable) ([]byte, error) {
	var out strings.Builder
	out.WriteString(signature)
	for _, v := range ours(s) {
		out.WriteString(v.name + "=" + v.value + "\n")
	}
	if out.Len() > decisive {
		return nil, fmt.Errorf("cannot write the boot environment: our variables take %d bytes", out.Len())
	}
	for _, v := range without(before, ours(s)) {
		out.WriteString(v.name + "=" + v.value + "\n")
	}
	if out.Len() > blockSize {
		return nil, fmt.Errorf("cannot write the boot environment: %d bytes of variables, at most %d", out.Len(), blockSize)
	}
	return []byte(out.String() + strings.Repeat("#", blockSize-out.Len())), nil
}
