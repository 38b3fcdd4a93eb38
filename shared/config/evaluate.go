package config

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// values holds the JSON of each key that is in force, in the order of keys;
// nil where the key is absent.
type values []jsontext.Value

// evaluate reads every key of data, whose root object is at root. A key that
// cannot be used takes its value from old, and failing that its default.
func evaluate(data []byte, root span, old values) (Config, values, []Problem) {
	table := keys()
	e := evaluation{data: data, places: map[string]span{"": root}, config: Defaults()}
	e.locate(table, "", root)
	e.inForce = make(values, len(table))
	for i, k := range table {
		var fallback jsontext.Value
		if i < len(old) {
			fallback = old[i]
		}
		e.inForce[i] = e.read(k, fallback)
	}
	return e.config, e.inForce, e.problems
}

type evaluation struct {
	data     []byte
	places   map[string]span // of the keys and the objects they are in, by pointer
	config   Config
	inForce  values
	problems []Problem
}

// locate notes where the keys of the table are in the object at obj, which is
// at pointer. It walks the file once, however many keys there are.
func (e *evaluation) locate(table []key, pointer string, obj span) {
	for m := range members(e.data, obj) {
		here := string(jsontext.Pointer(pointer).AppendToken(m.name))
		if !slices.ContainsFunc(table, func(k key) bool { return within(k.pointer, here) }) {
			continue
		}
		e.places[here] = m.value
		e.locate(table, here, m.value)
	}
}

// nearest returns the value at pointer or, failing that, of what would hold it.
func (e *evaluation) nearest(pointer string) (span, string) {
	for {
		if at, ok := e.places[pointer]; ok {
			return at, pointer
		}
		pointer = string(jsontext.Pointer(pointer).Parent())
	}
}

// read applies one key and returns the value that is now in force.
func (e *evaluation) read(k key, fallback jsontext.Value) jsontext.Value {
	at, pointer := e.nearest(k.pointer)
	raw := jsontext.Value(e.data[at.start:at.end])
	if pointer != k.pointer {
		if raw.Kind() == jsontext.KindBeginObject {
			return nil
		}
		e.report(pointer, "it must be an object, not "+kindName(raw)+"; the keys in it keep their last good values")
		return e.fall(k, fallback)
	}
	elements, err := k.store(&e.config, raw)
	if err != nil {
		used := e.fall(k, fallback)
		e.report(k.pointer, strings.TrimPrefix(err.Error(), ErrInvalidValue.Error()+": ")+"; "+instead(k, used))
		return used
	}
	for _, p := range elements {
		e.report(k.pointer+p.Pointer, strings.TrimPrefix(p.Reason, ErrInvalidValue.Error()+": "))
	}
	return slices.Clone(raw)
}

// fall applies the last good value of a key, if there is one and it still is.
func (e *evaluation) fall(k key, old jsontext.Value) jsontext.Value {
	if old == nil {
		return nil
	}
	if _, err := k.store(&e.config, old); err != nil {
		return nil
	}
	return old
}

// report adds a problem, once per pointer.
func (e *evaluation) report(pointer, reason string) {
	if slices.ContainsFunc(e.problems, func(p Problem) bool { return p.Pointer == pointer }) {
		return
	}
	e.problems = append(e.problems, Problem{pointer, reason})
}

// instead says what is used in place of a value.
func instead(k key, used jsontext.Value) string {
	const longest = 80
	switch {
	case k.schema.never:
		return "it is ignored"
	case used == nil:
		return "the default is used"
	case len(used) > longest:
		return "the last good value is used"
	}
	return "the last good value " + string(used) + " is used"
}
