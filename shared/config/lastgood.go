package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"resinos.io/shared/atomicfile"
)

// kept is the last good configuration.
type kept struct {
	values values // nil = there never was one
	text   []byte // as it is on disk
	fault  error  // why the copy on disk cannot be used
}

// problems says that the copy on disk was damaged.
func (k *kept) problems() []Problem {
	if k.fault == nil {
		return nil
	}
	return []Problem{{"", fmt.Sprintf("the last good copy could not be read: %s; it is not used", k.fault)}}
}

// recall reads the last good configuration once.
func (s *Store) recall() *kept {
	if s.kept != nil {
		return s.kept
	}
	s.kept = &kept{}
	if s.lastGood == "" {
		return s.kept
	}
	data, err := readFile(s.lastGood)
	if errors.Is(err, fs.ErrNotExist) {
		return s.kept
	}
	var root span
	if err == nil {
		root, err = parse(data)
	}
	if err != nil {
		s.kept.fault = err
		return s.kept
	}
	_, s.kept.values, _ = evaluate(data, root, nil)
	s.kept.text = data
	return s.kept
}

// keep makes inForce the last good configuration.
func (s *Store) keep(inForce values) error {
	text := inForce.document()
	s.kept.values = inForce
	if s.lastGood == "" || bytes.Equal(text, s.kept.text) {
		return nil
	}
	if err := atomicfile.Write(s.lastGood, text, 0o600); err != nil {
		return err
	}
	s.kept.text, s.kept.fault = text, nil
	return nil
}

// document returns the values as a configuration file of their own.
func (v values) document() []byte {
	d := newDocument()
	for i, k := range keys() {
		if v[i] != nil {
			// The pointers are ours and the values were read from a file.
			_ = d.splice(k.pointer, v[i])
		}
	}
	return d.data
}
