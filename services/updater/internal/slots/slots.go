// Package slots finds the two root partitions, which of them runs, and what system
// is in it. It reads; it changes nothing.
package slots

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/shared/layout"
	"resinos.io/shared/release"
)

// ErrNotBooted is wrapped when the boot loader did not say which slot it started:
// a container, or another boot loader than ours.
var ErrNotBooted = errors.New("the boot loader named no slot")

// argument is what our boot loader adds to the kernel's command line, see image/boot/grub.cfg.
const argument = "resin.slot="

// A Table finds slots below a root directory.
type Table struct{ Root layout.Root }

// Booted returns the slot that runs.
func (t Table) Booted() (bootenv.Slot, error) {
	line, err := os.ReadFile(t.Root.Path("/proc/cmdline"))
	if err != nil {
		return bootenv.None, fmt.Errorf("cannot tell the slots apart: %w", err)
	}
	for word := range strings.FieldsSeq(string(line)) {
		value, found := strings.CutPrefix(word, argument)
		if slot := bootenv.Slot(value); found && (slot == bootenv.A || slot == bootenv.B) {
			return slot, nil
		}
	}
	return bootenv.None, fmt.Errorf("cannot tell the slots apart: %w", ErrNotBooted)
}

// Device returns the path of a slot's partition.
func (t Table) Device(slot bootenv.Slot) string {
	return t.Root.Path("/dev/disk/by-partlabel/resin-root" + string(slot))
}

// System returns what the running system says of itself.
func (t Table) System() (release.System, error) {
	file, err := os.ReadFile(t.Root.Path("/" + release.OSRelease))
	if err != nil {
		return release.System{}, fmt.Errorf("cannot tell what runs: %w", err)
	}
	return release.ParseSystem(file)
}
