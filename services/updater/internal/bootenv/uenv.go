package bootenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"resinos.io/shared/atomicfile"
)

// UEnv is the environment of devices whose U-Boot cannot save its own: two text files
// on the boot partition, which its script imports. Their names and variables are
// those of balenaOS:
//
//	resinOS_uEnv.txt  resin_root_part=2 or 3 (the slot's partition, hexadecimal),
//	                  upgrade_available=1 while that slot is on trial
//	bootcount.env     bootcount=N, 13 bytes; the script adds one at each boot of a
//	                  trial, and starts the other slot when it is above 3
//
// failed is ours, and kept in the first. The first decides alone, and is one sector
// that is overwritten in place; the second is only looked at during a trial.
type UEnv struct {
	Path  string // resinOS_uEnv.txt
	Count string // bootcount.env
}

const (
	uenvSize  = 512 // bytes: one sector, filled up with a comment
	countSize = 13
	maxUEnv   = 64 << 10
)

// Load implements [Loader].
func (u UEnv) Load() (State, error) {
	variables, err := u.read()
	if err != nil {
		return State{}, fmt.Errorf("cannot read %s: %w", u.Path, err)
	}
	return uenvState(variables, u.count())
}

func (u UEnv) read() ([]variable, error) {
	text, err := os.ReadFile(u.Path)
	if err == nil && len(text) > maxUEnv {
		err = fmt.Errorf("it has %d bytes", len(text))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return parseUEnv(string(text)), nil
}

// parseUEnv reads lines NAME=VALUE as U-Boot's "env import -t" does: a line that
// begins with '#' is a comment.
func parseUEnv(text string) []variable {
	var variables []variable
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.Trim(line, " \t\r\x00")
		name, value, found := strings.Cut(line, "=")
		if found && name != "" && line[0] != '#' {
			variables = append(variables, variable{name, value})
		}
	}
	return variables
}

// uenvState reads a state as the script does. count is how many boots of a trial were counted.
func uenvState(variables []variable, count int) (State, error) {
	values := valuesOf(variables)
	slot, known := map[string]Slot{"2": A, "3": B}[values["resin_root_part"]]
	if !known {
		return State{}, fmt.Errorf("%w: resin_root_part is %.20q, not 2 or 3", ErrUnreadable, values["resin_root_part"])
	}
	failed := Slot(values["failed"])
	if !failed.valid() {
		failed = None
	}
	switch {
	case values["upgrade_available"] != "1":
		return State{slot, slot, Proven, failed}, nil
	case count > Tries: // the script has gone back
		return State{slot.Other(), slot.Other(), Proven, slot}, nil
	}
	return State{slot, slot.Other(), Tries - count, failed}, nil
}

// count returns the boots that were counted. What is not there counts nothing, as
// for the script.
func (u UEnv) count() int {
	text, err := os.ReadFile(u.Count)
	if err != nil {
		return 0
	}
	for _, v := range parseUEnv(string(text)) {
		if n, err := strconv.ParseUint(v.value, 16, 8); v.name == "bootcount" && err == nil {
			return int(n)
		}
	}
	return 0
}

// Store implements [Loader]. It is one write that decides: the count is changed
// before, while nobody looks at it, or alone.
func (u UEnv) Store(s State) error {
	if s.Tries == Proven && s.Slot != s.Good || s.Tries != Proven && (s.Good != s.Slot.Other() || s.Tries < 0 || s.Tries > Tries) {
		return fmt.Errorf("cannot write the boot environment: it has no word for %+v", s)
	}
	before, err := u.read()
	if err != nil {
		before = nil
	}
	if s.Tries == Proven {
		return u.write(s, before)
	}
	if now, err := uenvState(before, 0); err == nil && now.Tries != Proven {
		if now.Slot == s.Slot && now.Failed == s.Failed {
			return u.writeCount(Tries - s.Tries)
		}
		// Or the count would be taken for the other slot's.
		if err := u.write(State{s.Good, s.Good, Proven, s.Failed}, before); err != nil {
			return err
		}
	}
	if err := u.writeCount(Tries - s.Tries); err != nil {
		return err
	}
	return u.write(s, before)
}

func (u UEnv) write(s State, before []variable) error {
	trial := "0"
	if s.Tries != Proven {
		trial = "1"
	}
	part := map[Slot]string{A: "2", B: "3"}[s.Slot]
	mine := []variable{{"resin_root_part", part}, {"upgrade_available", trial}, {"failed", string(s.Failed)}}
	var out bytes.Buffer
	for _, v := range append(mine, without(before, mine)...) {
		out.WriteString(v.name + "=" + v.value + "\n")
	}
	if fill := uenvSize - out.Len() - 1; fill >= 0 {
		out.WriteString(strings.Repeat("#", fill) + "\n")
	}
	return putUEnv(u.Path, out.Bytes())
}

func (u UEnv) writeCount(n int) error {
	text := make([]byte, countSize)
	copy(text, fmt.Sprintf("bootcount=%x\n", n))
	return putUEnv(u.Count, text)
}

// putUEnv overwrites a file in place. One of another size, as balenaOS has it, is
// replaced once.
func putUEnv(path string, text []byte) error {
	err := atomicfile.Overwrite(path, text)
	if err == nil {
		return nil
	}
	old, readErr := os.ReadFile(path)
	if readErr != nil || !errors.Is(err, atomicfile.ErrSize) {
		return renew(path, text)
	}
	if err := atomicfile.Finish(path); err != nil {
		return err
	}
	return atomicfile.Replace(path, old, text, 0o600)
}
