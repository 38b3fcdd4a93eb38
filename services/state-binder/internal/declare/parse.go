package declare

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"resinos.io/shared/config"
)

// ErrDeclaration is wrapped by every error about a line.
var ErrDeclaration = errors.New("bad declaration")

// A section is one [Bind] while it is read.
type section struct {
	line  int // of the heading
	bind  Bind
	seen  []string
	fault error // the first
	at    int   // its line
}

// Parse reads the text of a file and returns its good sections, and a problem
// for each bad one, with file and line as its pointer.
func Parse(file, text string) ([]Bind, []config.Problem) {
	var sections []*section
	for i, raw := range strings.Split(text, "\n") {
		line := strings.TrimSpace(raw)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
			continue
		case line == "[Bind]":
			sections = append(sections, &section{line: i + 1, bind: Bind{Kind: Directory, Partition: State}})
			continue
		case line[0] == '[' || len(sections) == 0:
			// What follows belongs to no section that we know.
			sections = append(sections, &section{line: i + 1, at: i + 1, fault: fmt.Errorf("%w: %q is not [Bind]", ErrDeclaration, line)})
			continue
		}
		sections[len(sections)-1].take(line, i+1)
	}
	return finish(file, sections)
}

func finish(file string, sections []*section) ([]Bind, []config.Problem) {
	var binds []Bind
	var problems []config.Problem
	for _, s := range sections {
		if s.fault == nil && s.bind.Path == "" {
			s.fail(s.line, "Path= is missing")
		}
		if s.fault != nil {
			problems = append(problems, config.Problem{Pointer: fmt.Sprintf("%s:%d", file, s.at), Reason: s.fault.Error()})
			continue
		}
		s.bind.Component, s.bind.Place = component(file), fmt.Sprintf("%s:%d", file, s.line)
		binds = append(binds, s.bind)
	}
	return binds, problems
}

// take reads one line of the section.
func (s *section) take(line string, number int) {
	key, value, found := strings.Cut(line, "=")
	key, value = strings.TrimSpace(key), strings.TrimSpace(value)
	switch {
	case s.fault != nil: // one fault is enough
	case !found:
		s.fail(number, "%q is not KEY=VALUE", line)
	case slices.Contains(s.seen, key):
		s.fail(number, "%s= is there twice", key)
	case value == "":
		s.fail(number, "%s= has no value", key)
	default:
		s.seen = append(s.seen, key)
		if err := s.bind.set(key, value); err != nil {
			s.fail(number, "%s=%s: %w", key, value, err)
		}
	}
}

func (s *section) fail(line int, format string, args ...any) {
	s.at, s.fault = line, fmt.Errorf("%w: "+format, append([]any{ErrDeclaration}, args...)...)
}

func (b *Bind) set(key, value string) (err error) {
	switch key {
	case "Path":
		b.Path, err = value, checkPath(value)
	case "Type":
		b.Kind, err = Kind(value), oneOf(value, string(Directory), string(File))
	case "Partition":
		b.Partition, err = Partition(value), oneOf(value, string(State), string(Data))
	case "Mode":
		b.Mode, err = parseMode(value)
	case "Owner":
		b.Owner, err = value, checkOwner(value)
	case "Keep":
		b.Keep, err = strings.Fields(value), checkKeep(strings.Fields(value))
	default:
		err = errors.New("there are Path, Type, Partition, Mode, Owner and Keep")
	}
	return err
}

func oneOf(value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return errors.New("it is not " + strings.Join(allowed, " or "))
	}
	return nil
}

// Paths that are not the root's, and those without which nothing starts.
const (
	foreign  = "mnt proc sys dev run boot tmp lost+found"
	hopeless = "/etc /var /usr /bin /sbin /lib /lib64 /var/lib /var/log"
)

func checkPath(value string) error {
	first, _, _ := strings.Cut(strings.TrimPrefix(value, "/"), "/")
	switch {
	case !path.IsAbs(value) || value == "/" || path.Clean(value) != value:
		return errors.New("it is not a clean absolute path")
	case strings.ContainsFunc(value, unicode.IsControl):
		return errors.New("it has control characters")
	case slices.Contains(strings.Fields(foreign), first):
		return fmt.Errorf("/%s is not part of the root", first)
	case slices.Contains(strings.Fields(hopeless), value):
		return errors.New("the system would not start without what the root has there")
	}
	return nil
}

// parseMode reads permissions in octal. 0000 would be of no use and means "as in the root" inside.
func parseMode(value string) (uint32, error) {
	mode, err := strconv.ParseUint(value, 8, 32)
	if err != nil || len(value) < 3 || len(value) > 4 || mode == 0 {
		return 0, errors.New("it is not three or four octal digits")
	}
	return uint32(mode), nil
}

func checkOwner(value string) error {
	user, group, both := strings.Cut(value, ":")
	if user == "" || both && group == "" || strings.ContainsFunc(value, unicode.IsSpace) || strings.Count(value, ":") > 1 {
		return errors.New("it is not USER or USER:GROUP")
	}
	return nil
}

func checkKeep(values []string) error {
	for _, value := range values {
		if path.IsAbs(value) || path.Clean(value) != value || value == ".." || strings.HasPrefix(value, "../") {
			return fmt.Errorf("%q is not a clean path relative to Path=", value)
		}
	}
	return nil
}
