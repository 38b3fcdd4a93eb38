// Package sizes tells journald how much the journal may take. It is the one place
// that does: a drop-in below /run, beside the defaults that the image has.
//
// journald reads its configuration only when it starts (systemd 257), so a change
// restarts it; its log sockets outlive that, and no line is lost. A device with the
// default sizes has no drop-in and no restart. What journald was started with is
// written down after the restart: a process killed on the way does it again.
package sizes

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// A Restarter restarts journald and returns when it is up again.
type Restarter func(ctx context.Context) error

// A File is the drop-in with the sizes.
type File struct {
	dropIn, inForce string
	restart         Restarter
}

// New returns the drop-in of the system whose file system is below root.
func New(root layout.Root, restart Restarter) *File {
	dir := root.Path("/run/systemd/journald.conf.d")
	return &File{dropIn: filepath.Join(dir, "50-resinos.conf"), inForce: filepath.Join(dir, "50-resinos.in-force"), restart: restart}
}

// Set makes want the sizes in force, if they are not, and returns those that are,
// also beside an error.
func (f *File) Set(ctx context.Context, want config.Logging) (config.Logging, error) {
	have, err := f.read()
	if err != nil || have == want {
		return have, err
	}
	text := render(want)
	if err := os.MkdirAll(filepath.Dir(f.dropIn), 0o755); err != nil {
		return have, fmt.Errorf("cannot set the journal's sizes: %w", err)
	}
	if err := atomicfile.Write(f.dropIn, text, 0o644); err != nil {
		return have, err
	}
	if err := f.restart(ctx); err != nil {
		return have, fmt.Errorf("cannot set the journal's sizes: %w", err)
	}
	if err := atomicfile.Write(f.inForce, text, 0o644); err != nil {
		return have, err
	}
	return want, nil
}

// read returns the sizes that journald was last started with.
func (f *File) read() (config.Logging, error) {
	text, err := os.ReadFile(f.inForce)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Defaults().Logging, nil
	}
	if err != nil {
		return config.Logging{}, fmt.Errorf("cannot read the journal's sizes: %w", err)
	}
	return parse(text), nil
}

// render writes journald.conf(5).
func render(l config.Logging) []byte {
	text := fmt.Sprintf("# From os.logging in config.json, by logctl, which writes it again.\n[Journal]\nRuntimeMaxUse=%d\n", l.RuntimeMaxUse)
	if l.SystemMaxUse != 0 {
		text += fmt.Sprintf("SystemMaxUse=%d\n", l.SystemMaxUse)
	}
	return []byte(text)
}

// parse reads what render wrote; what it cannot read is 0, which differs from every
// wanted size of the journal in RAM and so is written again.
func parse(text []byte) config.Logging {
	var l config.Logging
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		n, err := strconv.ParseUint(value, 10, 64)
		switch {
		case err != nil:
		case name == "RuntimeMaxUse":
			l.RuntimeMaxUse = n
		case name == "SystemMaxUse":
			l.SystemMaxUse = n
		}
	}
	return l
}
