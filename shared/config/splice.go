package config

import (
	"bytes"
	"encoding/json"

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

// A style is how a file is laid out at one place: line end and indentation
// of that line and of one level. A file on one line has no newline.
type style struct{ newline, indent, unit string }

// styleAt finds the style of the line that offset is on.
func (d *Document) styleAt(offset int) style {
	lineStart := bytes.LastIndexByte(d.data[:offset], '\n') + 1
	return style{d.newline(), blanks(d.data[lineStart:]), d.unit()}
}

// newline returns the line end inside the root object, "" if it is on one line.
func (d *Document) newline() string {
	body := d.data[d.root.start:d.root.end]
	end := bytes.IndexByte(body, '\n')
	switch {
	case end < 0 && len(bytes.Trim(body, "{} \t")) > 0:
		return ""
	case end > 0 && body[end-1] == '\r':
		return "\r\n"
	}
	return "\n"
}

// unit returns the indentation of the first member.
func (d *Document) unit() string {
	for m := range members(d.data, d.root) {
		lineStart := bytes.LastIndexByte(d.data[:m.label.start], '\n') + 1
		if indent := blanks(d.data[lineStart:]); lineStart > 0 && indent != "" {
			return indent
		}
		break
	}
	return "  "
}

func blanks(text []byte) string {
	return string(text[:len(text)-len(bytes.TrimLeft(text, " \t"))])
}

// value lays raw out, which begins on a line of this style.
func (s style) value(raw jsontext.Value) []byte {
	if s.newline == "" || raw.Kind() != jsontext.KindBeginObject && raw.Kind() != jsontext.KindBeginArray {
		return raw
	}
	var buf bytes.Buffer
	if err := json.Indent(&buf, raw, s.indent, s.unit); err != nil {
		return raw
	}
	return bytes.ReplaceAll(buf.Bytes(), []byte("\n"), []byte(s.newline))
}

// member lays out tokens[0] and what is below it.
func (s style) member(tokens []string, raw jsontext.Value, colon []byte) []byte {
	text, err := jsontext.AppendQuote(nil, tokens[0])
	if err != nil {
		return nil // the document will not parse, and so be refused
	}
	text = append(text, colon...)
	if len(tokens) == 1 {
		return append(text, s.value(raw)...)
	}
	return append(text, s.object(tokens[1:], raw)...)
}

// object lays out an object with one member.
func (s style) object(tokens []string, raw jsontext.Value) []byte {
	colon := []byte(": ")
	if s.newline == "" {
		colon = []byte(":")
	}
	inner := style{s.newline, s.indent + s.unit, s.unit}
	text := []byte("{" + s.newline)
	if s.newline != "" {
		text = append(text, inner.indent...)
	}
	text = append(text, inner.member(tokens, raw, colon)...)
	if s.newline == "" {
		return append(text, '}')
	}
	return append(text, s.newline+s.indent+"}"...)
}
