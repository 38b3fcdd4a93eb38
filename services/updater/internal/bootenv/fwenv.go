package bootenv

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// ErrFwEnv is wrapped when a description of U-Boot's environment is no use.
var ErrFwEnv = errors.New("not two copies of an environment")

// maxEnvironment bounds the size of one copy, in bytes.
const maxEnvironment = 1 << 20

// An Area is a part of a file or of a block device.
type Area struct {
	Path         string
	Offset, Size int64 // in bytes
}

// parseFwEnv reads fw_env.config: a line "PATH OFFSET SIZE ..." for each copy, '#'
// before a comment. Source: tools/env/fw_env.config of U-Boot. One copy is refused:
// a power cut while it is written would leave none.
func parseFwEnv(text string) (copies [2]Area, err error) {
	n := 0
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if n == len(copies) {
			return copies, fmt.Errorf("%w: a third line %.60q", ErrFwEnv, line)
		}
		if copies[n], err = parseArea(fields); err != nil {
			return copies, fmt.Errorf("%w: %.60q: %w", ErrFwEnv, line, err)
		}
		n++
	}
	switch a, b := copies[0], copies[1]; {
	case n != len(copies):
		return copies, fmt.Errorf("%w: %d lines", ErrFwEnv, n)
	case a.Size != b.Size:
		return copies, fmt.Errorf("%w: %d and %d bytes", ErrFwEnv, a.Size, b.Size)
	case a.Path == b.Path && a.Offset < b.Offset+b.Size && b.Offset < a.Offset+a.Size:
		return copies, fmt.Errorf("%w: they overlap", ErrFwEnv)
	}
	return copies, nil
}

func parseArea(fields []string) (Area, error) {
	if len(fields) < 3 || !filepath.IsAbs(fields[0]) {
		return Area{}, errors.New("want an absolute path, an offset and a size")
	}
	offset, err := strconv.ParseInt(fields[1], 0, 64)
	if err != nil || offset < 0 { // U-Boot counts from the end then
		return Area{}, fmt.Errorf("the offset is %.20q", fields[1])
	}
	size, err := strconv.ParseInt(fields[2], 0, 64)
	if err != nil || size < ubootHeader+2 || size > maxEnvironment {
		return Area{}, fmt.Errorf("the size is %.20q", fields[2])
	}
	return Area{fields[0], offset, size}, nil
}
