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

// UBoot is the environment of U-Boot in two copies of one size, in files or on block
// devices; flash without a block device (MTD) is not for it. The older copy is the
// one that is written, so a torn write leaves the newer one. Its boot script uses the
// variables slot, good, tries and failed as image/boot/grub.cfg does.
type UBoot struct {
	Copies [2]Area
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
	for i, area := range u.Copies {
		copies[i] = readUBoot(area)
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

func readUBoot(area Area) copyOf {
	data := make([]byte, area.Size)
	file, err := os.Open(area.Path)
	if err != nil {
		return copyOf{err: err}
	}
	defer file.Close()
	if _, err := file.ReadAt(data, area.Offset); err != nil {
		return copyOf{err: fmt.Errorf("cannot read %s: %w", area.Path, err)}
	}
	variables, counter, err := parseUBoot(data)
	if err != nil {
		return copyOf{err: fmt.Errorf("%s at %d: %w", area.Path, area.Offset, err)}
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
	return atomicfile.OverwriteAt(u.Copies[stale].Path, u.Copies[stale].Offset, block)
}

// formatUBoot returns the copy that follows current.
func formatUBoot(s State, current copyOf) ([]byte, error) {
	var body bytes.Buffer
	for _, v := range append(ours(s), without(current.variables, ours(s))...) {
		if v.value == "" { // U-Boot has no empty variables
			continue
		}
		body.WriteString(v.name + "=" + v.value + "\x00")
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
