package config

import (
	"bytes"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

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
