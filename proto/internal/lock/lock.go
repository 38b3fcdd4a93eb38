// Package lock writes a contract down as facts, one a line, and finds those that
// a change takes away.
//
// A client may rely on every fact. A new fact is an addition and harmless; a fact
// that goes is a breaking change, which needs a new major version in the
// interface's name. The order of the lines carries no meaning: they are sorted.
package lock

import (
	"fmt"
	"slices"
	"strings"

	"resinos.io/proto/contract"
)

// Facts returns what a client may rely on, sorted.
func Facts(faces []contract.Interface) []string {
	var facts []string
	for _, face := range faces {
		if face.Path != "" {
			facts = append(facts, fmt.Sprintf("%s path %s", face.Name, face.Path))
		}
		for _, m := range face.Methods {
			facts = append(facts, methodFacts(face.Name+"."+m.Name, m)...)
		}
		for _, p := range face.Properties {
			facts = append(facts, propertyFacts(face.Name+"."+p.Name, p)...)
		}
		for _, s := range face.Signals {
			facts = append(facts, fmt.Sprintf("%s.%s signal (%s)", face.Name, s.Name, arguments(s.Args)))
		}
	}
	slices.Sort(facts)
	return facts
}

// Gone returns the facts of before that are not in after.
func Gone(before, after []string) []string {
	var gone []string
	for _, fact := range before {
		if !slices.Contains(after, fact) {
			gone = append(gone, fact)
		}
	}
	return gone
}

func methodFacts(name string, m contract.Method) []string {
	facts := []string{fmt.Sprintf("%s method (%s) -> (%s)", name, arguments(m.In), arguments(m.Out))}
	if !m.Privileged {
		facts = append(facts, name+" open")
	}
	for _, e := range m.Errors {
		facts = append(facts, name+" error "+e)
	}
	return facts
}

func propertyFacts(name string, p contract.Property) []string {
	facts := []string{fmt.Sprintf("%s property %s emits-change=%s", name, p.Type, p.Emits)}
	if p.Writable {
		facts = append(facts, name+" writable")
	}
	if p.Writable && !p.Privileged {
		facts = append(facts, name+" open")
	}
	return facts
}

func arguments(args []contract.Arg) string {
	list := make([]string, 0, len(args))
	for _, a := range args {
		list = append(list, a.Type+" "+a.Name)
	}
	return strings.Join(list, ", ")
}
