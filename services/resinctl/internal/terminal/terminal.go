// Package terminal is where output goes: a person's terminal, with colours and a
// line that is written over, or a file or pipe, with neither.
package terminal

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// An Output is a destination of text.
type Output struct {
	io.Writer
	// Interactive means that a person looks at it, so that a line may be written over.
	Interactive bool
	// Columns is the terminal's width, 80 if it is not known.
	Columns int
	colours bool
}

// New returns the output to file. Colours are used only on a terminal, and not
// if NO_COLOR is set to anything (https://no-color.org) or TERM is "dumb".
func New(file *os.File, env func(string) string) *Output {
	o := &Output{Writer: file, Columns: 80}
	if size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ); err == nil {
		o.Interactive = true
		o.colours = env("NO_COLOR") == "" && env("TERM") != "dumb"
		if size.Col > 0 {
			o.Columns = int(size.Col)
		}
	}
	return o
}

// Printf writes text. That nobody reads it any more is no error of ours.
func (o *Output) Printf(format string, args ...any) { fmt.Fprintf(o.Writer, format, args...) }

// A Colour is one of the terminal's own.
type Colour int

// The colours that mean something here (ECMA-48 SGR).
const (
	Red    Colour = 31 // does not work
	Green  Colour = 32 // works
	Yellow Colour = 33 // works in part
	Bold   Colour = 1
)

// Paint returns text in a colour, or as it is.
func (o *Output) Paint(colour Colour, text string) string {
	if !o.colours || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
}
