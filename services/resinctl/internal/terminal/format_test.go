package terminal_test

import (
	"testing"

	"resinos.io/services/resinctl/internal/terminal"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"kitchen é": "kitchen é", "\x1b[31mred": "?[31mred", "two\nfaults": "two; faults", "\u009b1m": "?1m", "": "",
	} {
		if got := terminal.Printable(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
	}
}
