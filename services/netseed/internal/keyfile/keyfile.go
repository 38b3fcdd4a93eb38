// Package keyfile reads NetworkManager's connection files (man nm-settings-keyfile)
// as far as netseed has to: is this a file that can become a connection, which one
// is it, and does it want to be started.
//
// The text is GLib's key file format (GKeyFile). It is kept as it is: what this
// package adds or changes is one line at a time, so that every other byte is the
// owner's. Line ends of DOS and a byte order mark are taken out, because
// NetworkManager reads neither.
//
// Not promised: that NetworkManager accepts a file that this package accepts.
package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxSize is the most that a connection file may have, in bytes: certificates
// inside one included.
const MaxSize = 256 << 10

// ErrInvalid is wrapped by every error about a file's content.
var ErrInvalid = errors.New("not a connection file")

// A File is a connection file. The zero value is an empty one.
type File struct {
	lines []line
}

// A line is one line of the text, taken apart.
type line struct {
	text  string // without its end
	group string // the group it stands in
	key   string // "" for a group's head, a comment or an empty line
	value string // as written, without the space around it
}

// Parse reads a connection file. Errors wrap ErrInvalid and name the line.
func Parse(data []byte) (*File, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%w: it has %d bytes, %d are the most", ErrInvalid, len(data), MaxSize)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, fmt.Errorf("%w: it is UTF-16; save it as UTF-8", ErrInvalid)
	case bytes.IndexByte(data, 0) >= 0:
		return nil, fmt.Errorf("%w: it has a zero byte", ErrInvalid)
	case !utf8.Valid(data):
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrInvalid)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	f := &File{}
	group := ""
	for i, raw := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		l, err := parseLine(raw, group)
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrInvalid, i+1, err)
		}
		group = l.group
		f.lines = append(f.lines, l)
	}
	return f, nil
}

var (
	errNoGroup = errors.New("it stands in no [section]")
	errNoValue = errors.New("it is no [section], no key=value and no #comment")
	errGroup   = errors.New("the [section] has no name or no end")
)

func parseLine(raw, group string) (line, error) {
	trimmed := strings.TrimLeft(raw, " \t\v\f")
	switch {
	case strings.TrimRight(trimmed, " \t\v\f") == "" || trimmed[0] == '#':
		return line{text: raw, group: group}, nil
	case trimmed[0] == '[':
		name, rest, closed := strings.Cut(trimmed[1:], "]")
		if !closed || name == "" || strings.TrimSpace(rest) != "" || strings.ContainsFunc(name, control) || strings.Contains(name, "[") {
			return line{}, errGroup
		}
		return line{text: raw, group: name}, nil
	}
	key, value, found := strings.Cut(trimmed, "=")
	key = strings.TrimRight(key, " \t\v\f")
	switch {
	case !found || key == "":
		return line{}, errNoValue
	case group == "":
		return line{}, errNoGroup
	}
	return line{text: raw, group: group, key: key, value: strings.TrimLeft(value, " \t\v\f")}, nil
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

// Get returns the last value of key in group, "" if there is none, with GKeyFile's
// escapes (\s \n \t \r \\) undone.
func (f *File) Get(group, key string) string {
	value := ""
	for _, l := range f.lines {
		if l.group == group && l.key == key {
			value = l.value
		}
	}
	return escapes.Replace(strings.TrimRight(value, " \t\v\f"))
}

// Has reports whether there is a group of that name.
func (f *File) Has(group string) bool {
	for _, l := range f.lines {
		if l.group == group {
			return true
		}
	}
	return false
}

// escapes undoes what GKeyFile knows; a Replacer goes from left to right once.
//
//nolint:gochecknoglobals // a table
var escapes = strings.NewReplacer(`\\`, `\`, `\s`, " ", `\n`, "\n", `\t`, "\t", `\r`, "\r")

// Set makes value the value of key in group: in the place of every such line, or
// as the first line of the group, which is made if it is not there.
func (f *File) Set(group, key, value string) {
	l := line{text: key + "=" + value, group: group, key: key, value: value}
	found, head := false, -1
	for i := range f.lines {
		if f.lines[i].group != group {
			continue
		}
		if head < 0 {
			head = i
		}
		if f.lines[i].key == key {
			f.lines[i] = l
			found = true
		}
	}
	switch {
	case found:
	case head >= 0:
		f.lines = append(f.lines[:head+1], append([]line{l}, f.lines[head+1:]...)...)
	default:
		f.lines = append(f.lines, line{text: "[" + group + "]", group: group}, l)
	}
}

// Bytes returns the text.
func (f *File) Bytes() []byte {
	var b bytes.Buffer
	for _, l := range f.lines {
		b.WriteString(l.text)
		b.WriteByte('\n')
	}
	return b.Bytes()
}
