package config

import (
	"errors"
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
	e := evaluation{data: data, root: root, config: Defaults()}
	table := keys()
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
	root     span
	config   Config
	inForce  values
	problems []Problem
}

// read applies one key and returns the value that is now in force.
func (e *evaluation) read(k key, fallback jsontext.Value) jsontext.Value {
	tokens := slices.Collect(jsontext.Pointer(k.pointer).Tokens())
	at, depth := find(e.data, e.root, tokens)
	raw := jsontext.Value(e.data[at.start:at.end])
	if depth < len(tokens) {
		if raw.Kind() == jsontext.KindBeginObject {
			return nil
		}
		e.report(ancestor(k.pointer, depth), "it must be an object, not "+kindName(raw)+"; the keys in it keep their last good values")
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

// ancestor returns the first depth+0 tokens of pointer.
func ancestor(pointer string, depth int) string {
	end := 0
	for range depth {
		end += 1 + strings.IndexByte(pointer[end+1:]+"/", '/')
	}
	return pointer[:end]
}

// reasonOf returns what err says, with the place first if it has one.
func reasonOf(err error) string {
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Error()
	}
	return err.Error()
}
