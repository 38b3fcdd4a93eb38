package config

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

// A member is one name and value of an object, with their places in the file.
type member struct {
	name         string
	label, value span
}

// members walks the object at obj of data, which must have passed parse.
func members(data []byte, obj span) iter.Seq[member] {
	return func(yield func(member) bool) {
		dec := jsontext.NewDecoder(bytes.NewBuffer(data[obj.start:obj.end]))
		if token, err := dec.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
			return
		}
		next := func() (jsontext.Value, span, error) {
			raw, err := dec.ReadValue()
			end := obj.start + int(dec.InputOffset())
			return raw, span{end - len(raw), end}, err
		}
		for dec.PeekKind() == jsontext.KindString {
			raw, label, err := next()
			if err != nil {
				return
			}
			name, _ := jsontext.AppendUnquote(nil, raw)
			_, value, err := next()
			if err != nil || !yield(member{string(name), label, value}) {
				return
			}
		}
	}
}

// find descends from the object at root along tokens as far as there are
// members, and returns the last value reached and how many tokens led to it.
func find(data []byte, root span, tokens []string) (at span, depth int) {
	at = root
	for depth < len(tokens) {
		m, ok := findMember(data, at, tokens[depth])
		if !ok {
			break
		}
		at = m.value
		depth++
	}
	return at, depth
}

func findMember(data []byte, obj span, name string) (member, bool) {
	for m := range members(data, obj) {
		if m.name == name {
			return m, true
		}
	}
	return member{}, false
}
