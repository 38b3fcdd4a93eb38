package terminal

import (
	"fmt"
	"strings"
	"time"
)

// Bytes returns a number of bytes for a person, in powers of 1024.
func Bytes(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, units := float64(n), "KMGTPE"
	i := -1
	for value >= 1024 && i < len(units)-1 {
		value /= 1024
		i++
	}
	return fmt.Sprintf("%.1f %ciB", value, units[i])
}

// Share returns "used of size (percent)".
func Share(used, size uint64) string {
	if size == 0 {
		return "not there"
	}
	return fmt.Sprintf("%s of %s (%d %%)", Bytes(used), Bytes(size), used*100/size)
}

// Duration returns a time for a person, to the second.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}

// Printable returns text on one line, without what a terminal would take as a
// command: what a service says may come from a file or from the network.
func Printable(text string) string {
	text = strings.ReplaceAll(text, "\n", "; ")
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r <= 0x9f {
			return '?'
		}
		return r
	}, text)
}

// Bar returns a progress bar of width cells for percent, 0 to 100.
func Bar(percent uint32, width int) string {
	full := int(min(percent, 100)) * width / 100
	return strings.Repeat("#", full) + strings.Repeat("-", width-full)
}
