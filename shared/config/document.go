package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A Document is the text of a configuration file that is being edited. What is
// not edited stays byte for byte as it was. It is not safe for concurrent use.
type Document struct {
	data []byte
	root span
}

func newDocument() *Document {
	return &Document{data: []byte("{}\n"), root: span{0, 2}}
}

func parseDocument(data []byte) (*Document, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	return &Document{data: data, root: root}, nil
}

// Has reports whether there is a value at pointer (RFC 6901, members of objects only).
func (d *Document) Has(pointer string) bool {
	tokens, err := split(pointer)
	if err != nil {
		return false
	}
	_, depth := find(d.data, d.root, tokens)
	return depth == len(tokens)
}

// Set puts value, which encoding/json must be able to write, at pointer, and
// makes the objects on the way there. A new member comes last, in the file's
// own indentation. A value that breaks the rule of a key is refused with
// ErrInvalidValue; then, as after any error, the document is as before.
func (d *Document) Set(pointer string, value any) error {
	raw, err := encode(value)
	if err != nil {
		return fmt.Errorf("cannot set %s: %w", pointer, err)
	}
	trial := *d
	if err := trial.splice(pointer, raw); err != nil {
		return fmt.Errorf("cannot set %s: %w", pointer, err)
	}
	if err := trial.refuse(pointer); err != nil {
		return fmt.Errorf("cannot set %s: %w", pointer, err)
	}
	*d = trial
	return nil
}

// Remove takes the member at pointer out; it is no error if there is none.
func (d *Document) Remove(pointer string) error {
	tokens, err := split(pointer)
	if err != nil {
		return fmt.Errorf("cannot remove %s: %w", pointer, err)
	}
	parent, depth := find(d.data, d.root, tokens[:len(tokens)-1])
	if depth < len(tokens)-1 {
		return nil
	}
	cut, ok := d.cut(parent, tokens[len(tokens)-1])
	if !ok {
		return nil
	}
	return d.replace(cut, nil)
}

// refuse returns what is wrong with the value at pointer, above or below it.
func (d *Document) refuse(pointer string) error {
	_, _, problems := evaluate(d.data, d.root, nil)
	for _, p := range problems {
		if within(p.Pointer, pointer) || within(pointer, p.Pointer) {
			reason, _, _ := strings.Cut(p.Reason, "; ")
			return invalid("%s", reason)
		}
	}
	return nil
}

// within reports whether inner is outer or below it.
func within(inner, outer string) bool {
	return inner == outer || strings.HasPrefix(inner, outer+"/")
}

// replace puts text in the place of at.
func (d *Document) replace(at span, text []byte) error {
	data := slices.Concat(d.data[:at.start], text, d.data[at.end:])
	root, err := parse(data)
	if err == nil {
		d.data, d.root = data, root
	}
	return err
}

func split(pointer string) ([]string, error) {
	p := jsontext.Pointer(pointer)
	if pointer == "" || !p.IsValid() {
		return nil, ErrInvalidPointer
	}
	return slices.Collect(p.Tokens()), nil
}

func encode(value any) (jsontext.Value, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidValue, err)
	}
	return bytes.TrimSpace(buf.Bytes()), nil
}
