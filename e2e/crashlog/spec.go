package crashlog

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ErrSpec means that a description names no legal state of the log.
var ErrSpec = errors.New("no legal state of this log")

// A Model is a way in which a disk loses writes.
type Model string

// The models; the package's documentation says what they mean.
const (
	Prefix Model = "prefix"
	Subset Model = "subset"
	Torn   Model = "torn"
)

// A Spec describes one state of the disk after a power cut, enough to build it
// again from the same log and base.
type Spec struct {
	Model          Model
	Cut            int    // the operations from Cut on never happened
	Kept           []int  // writes in flight at Cut that reached the disk whole
	Torn           int    // write in flight of which Mask's sectors reached it; -1 if none
	Mask           []bool // one for each sector of Torn
	IgnoreDiscards bool   // the disk kept what it was told to discard
}

// String returns the description that ParseSpec reads, such as
// "subset cut=12 kept=9,11" or "torn cut=12 kept=9 torn=11:0110".
func (s Spec) String() string {
	text := fmt.Sprintf("%s cut=%d", s.Model, s.Cut)
	for i, n := range s.Kept {
		text += []string{",", " kept="}[min(1, max(0, 1-i))] + strconv.Itoa(n)
	}
	if s.Torn >= 0 {
		text += fmt.Sprintf(" torn=%d:", s.Torn)
		for _, there := range s.Mask {
			text += map[bool]string{false: "0", true: "1"}[there]
		}
	}
	if s.IgnoreDiscards {
		text += " discards=ignored"
	}
	return text
}

// ParseSpec reads what String returns.
func ParseSpec(text string) (Spec, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return Spec{}, fmt.Errorf("cannot parse the state %q: %w", text, ErrSpec)
	}
	s := Spec{Model: Model(fields[0]), Torn: -1}
	for _, field := range fields[1:] {
		if err := s.parseField(field); err != nil {
			return Spec{}, fmt.Errorf("cannot parse the state %q: %s: %w", text, field, err)
		}
	}
	return s, nil
}

func (s *Spec) parseField(field string) (err error) {
	name, value, _ := strings.Cut(field, "=")
	switch name {
	case "cut":
		s.Cut, err = strconv.Atoi(value)
	case "kept":
		s.Kept, err = numbers(value)
	case "torn":
		op, mask, _ := strings.Cut(value, ":")
		for _, c := range mask {
			s.Mask = append(s.Mask, c == '1')
		}
		s.Torn, err = strconv.Atoi(op)
	case "discards":
		s.IgnoreDiscards = true
	default:
		err = ErrSpec
	}
	return err
}

func numbers(list string) ([]int, error) {
	var found []int
	for item := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(item)
		if err != nil {
			return nil, err
		}
		found = append(found, n)
	}
	return found, nil
}

// Build returns the disk in the state that spec describes; base is the disk
// before the log's first operation.
func (l *Log) Build(base io.ReaderAt, spec Spec) (*Image, error) {
	if spec.Cut < 0 || spec.Cut > len(l.Ops) {
		return nil, fmt.Errorf("cannot build %s: %w", spec, ErrSpec)
	}
	flying := l.inFlight(spec.Cut)
	for _, n := range spec.changed() {
		if !slices.Contains(flying, n) {
			return nil, fmt.Errorf("cannot build %s: write %d is not in flight: %w", spec, n, ErrSpec)
		}
	}
	for _, n := range flying {
		if l.certain(n, spec.Cut) && !slices.Contains(spec.Kept, n) {
			return nil, fmt.Errorf("cannot build %s: write %d cannot be lost: %w", spec, n, ErrSpec)
		}
	}
	if spec.Torn >= 0 && len(spec.Mask) != int(l.Ops[spec.Torn].Count) {
		return nil, fmt.Errorf("cannot build %s: write %d has %d sectors: %w", spec, spec.Torn, l.Ops[spec.Torn].Count, ErrSpec)
	}
	image := NewImage(base, l.SectorSize)
	for i := range spec.Cut {
		if !slices.Contains(flying, i) {
			l.applyTo(image, i, spec)
		}
	}
	for _, i := range spec.changed() {
		l.applyTo(image, i, spec)
	}
	return image, nil
}

// changed returns the writes in flight that changed the disk, in order.
func (s Spec) changed() []int {
	all := slices.Clone(s.Kept)
	if s.Torn >= 0 {
		all = append(all, s.Torn)
	}
	slices.Sort(all)
	return all
}

// applyTo carries out operation i as far as spec says.
func (l *Log) applyTo(image *Image, i int, spec Spec) {
	op := l.Ops[i]
	switch {
	case spec.IgnoreDiscards && op.Flags&Discard != 0:
	case i == spec.Torn:
		image.apply(op, spec.Mask)
	default:
		image.apply(op, nil)
	}
}

// At returns the disk after the operations before cut, with nothing lost.
func (l *Log) At(base io.ReaderAt, cut int) *Image {
	image := NewImage(base, l.SectorSize)
	for _, op := range l.Ops[:cut] {
		image.apply(op, nil)
	}
	return image
}
