package bootenv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"strings"

	"resinos.io/shared/atomicfile"
)

// U-Boot's redundant environment: a CRC-32 of the data, little endian, one byte
// that counts writes, then NAME=VALUE texts each ended by a zero and all of them by
// one more. Source: tools/env/fw_env.c and include/env_internal.h of U-Boot.
const ubootHeader = 5

// UBoot is the environment of U-Boot in two copies of one size: two files, or two
// places that udev gives names. The older copy is the one that is written, so a
// torn write leaves the newer one. Its boot script uses the variables slot, good,
// tries and failed as image/boot/grub.cfg does.
type UBoot struct {
	Copies [2]string
}

// copyOf is one copy as read.
type copyOf struct {
	variables []variable
	counter   byte
	size      int
	err       error
}

// Load implements [Loader].
func (u UBoot) Load() (State, error) {
	current, _, err := u.newest()
	if err != nil {
		return State{}, err
	}
	return stateOf(current.variables)
}

// newest reads both copies and says which one U-Boot uses, and which is not.
func (u UBoot) newest() (current copyOf, stale int, err error) {
	var copies [2]copyOf
	for i, path := range u.Copies {
		copies[i] = readUBoot(path)
	}
	a, b := copies[0], copies[1]
	switch {
	case a.err != nil && b.err != nil:
		return copyOf{}, 0, fmt.Errorf("%w: %w", ErrUnreadable, errors.Join(a.err, b.err))
	case b.err != nil:
		return a, 1, nil
	case a.err != nil:
		return b, 0, nil
	case int8(b.counter-a.counter) > 0: // the counter wraps around
		return b, 0, nil
	}
	return a, 1, nil
}

func readUBoot(path string) copyOf {
	data, err := os.ReadFile(path)
	if err != nil {
		return copyOf{err: err}
	}
	variables, counter, err := parseUBoot(data)
	if err != nil {
		return copyOf{err: fmt.Errorf("%s: %w", path, err), size: len(data)}
	}
	return copyOf{variables, counter, len(data), nil}
}

func parseUBoot(data []byte) ([]variable, byte, error) {
	if len(data) < ubootHeader+2 {
		return nil, 0, errors.New("too short for an environment")
	}
	body := data[ubootHeader:]
	if binary.LittleEndian.Uint32(data) != crc32.ChecksumIEEE(body) {
		return nil, 0, errors.New("its checksum is wrong")
	}
	end := bytes.Index(body, []byte{0, 0})
	if end < 0 {
		return nil, 0, errors.New("it does not end")
	}
	var variables []variable
	for _, text := range strings.Split(string(body[:end]), "\x00") {
		if name, value, found := strings.Cut(text, "="); found && name != "" {
			variables = append(variables, variable{name, value})
		}
	}
	return variables, data[4], nil
}

// Store implements [Loader].
func (u UBoot) Store(s State) error {
	current, stale, err := u.newest()
	if err != nil {
		return fmt.Errorf("cannot write the boot environment: %w", err)
	}
	block, err := formatUBoot(s, current)
	if err != nil {
		return err
	}
	return atomicfile.Overwrite(u.Copies[stale], block)
}

// formatUBoot returns the copy that follows current.
func formatUBoot(s State, current copyOf) ([]byte, error) {
	mine := map[string]bool{}
	var body bytes.Buffer
	for _, v := range ours(s) {
		mine[v.name] = true
		body.WriteString(v.name + "=" + v.value + "\x00")
	}
	for _, v := range current.variables {
		if !mine[v.name] {
			body.WriteString(v.name + "=" + v.value + "\x00")
		}
	}
	body.WriteByte(0)
	if body.Len() > current.size-ubootHeader {
		return nil, errors.New("cannot write the boot environment: no room for " + strconv.Itoa(body.Len()) + " bytes")
	}
	block := make([]byte, current.size)
	copy(block[ubootHeader:], body.Bytes())
	block[4] = current.counter + 1
	binary.LittleEndian.PutUint32(block, crc32.ChecksumIEEE(block[ubootHeader:]))
	return block, nil
}
