package config

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// splice puts raw at pointer, without looking at what it means.
func (d *Document) splice(pointer string, raw jsontext.Value) error {
	tokens, err := split(pointer)
	if err != nil {
		return err
	}
	at, depth := find(d.data, d.root, tokens)
	if depth == len(tokens) {
		return d.replace(at, d.styleAt(at.start).value(raw))
	}
	if d.data[at.start] != '{' {
		return ErrNotObject
	}
	return d.insert(at, tokens[depth:], raw)
}

// insert adds a member as the last of the object at obj.
func (d *Document) insert(obj span, tokens []string, raw jsontext.Value) error {
	st := d.styleAt(obj.start)
	var last member
	var before int // where the white space before the last member begins
	count := 0
	for m := range members(d.data, obj) {
		before, last = last.value.end, m
		count++
	}
	if count == 0 {
		return d.replace(obj, st.object(tokens, raw))
	}
	if count == 1 {
		before = obj.start
	}
	gap := d.data[before:last.label.start]
	gap = gap[bytes.IndexAny(gap, ",{")+1:]
	colon := d.data[last.label.end:last.value.start]
	inner := d.styleAt(last.label.start)
	if !bytes.Contains(d.data[obj.start:obj.end], []byte("\n")) {
		inner.newline = ""
	}
	text := append([]byte(","), gap...)
	text = append(text, inner.member(tokens, raw, colon)...)
	return d.replace(span{last.value.end, last.value.end}, text)
}

// cut returns what to delete so that the object at obj loses the member name.
func (d *Document) cut(obj span, name string) (span, bool) {
	var previous, found member
	count := 0
	for m := range members(d.data, obj) {
		switch {
		case found.value.end > 0: // the member after a first one
			return span{found.label.start, m.label.start}, true
		case m.name == name && count > 0:
			return span{previous.value.end, m.value.end}, true
		case m.name == name:
			found = m
		}
		previous = m
		count++
	}
	if found.value.end == 0 {
		return span{}, false
	}
	return span{obj.start + 1, obj.end - 1}, true
}
