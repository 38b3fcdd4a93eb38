package bench

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// errChain is wrapped when the output of systemd-analyze is none.
var errChain = errors.New("not a critical chain")

// link is one line of `systemd-analyze critical-chain`: unit @when it was up +how
// long it took, the second one only if it took time.
var link = regexp.MustCompile(`^\W*(\S+) @((?:[\d.]+(?:min|ms|s|us) ?)+?)(?: ?\+(.*))?$`)

// critical returns how many milliseconds of a boot's critical chain were those of
// units, and when the chain's end was reached.
func critical(chain string, units []string) (ours, total float64, err error) {
	for line := range strings.Lines(chain) {
		parts := link.FindStringSubmatch(strings.TrimSpace(line))
		if parts == nil {
			continue
		}
		at, err := span(parts[2])
		if err != nil {
			return 0, 0, err
		}
		if total == 0 {
			total = at
		}
		if parts[3] != "" && slices.Contains(units, parts[1]) {
			took, err := span(parts[3])
			if err != nil {
				return 0, 0, err
			}
			ours += took
		}
	}
	if total == 0 {
		return 0, 0, fmt.Errorf("%w: %q", errChain, chain)
	}
	return ours, total, nil
}

// span reads a time as systemd writes it, "1min 2.500s", in milliseconds.
func span(text string) (float64, error) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "min", "m"), " ", "")
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", errChain, err)
	}
	return float64(d.Microseconds()) / 1000, nil
}
