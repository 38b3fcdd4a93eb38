package parse

import (
	"strings"

	"resinos.io/proto/contract"
)

// Contract returns what the node says as a [contract.Interface].
func (n Node) Contract() contract.Interface {
	face := n.Interfaces[0]
	c := contract.Interface{Name: face.Name, Path: n.Path, XML: face.Raw}
	for _, m := range face.Methods {
		c.Methods = append(c.Methods, contract.Method{
			Name:       m.Name,
			In:         args(m, "in"),
			Out:        args(m, "out"),
			Privileged: m.privileged(),
			Errors:     m.errors(face.Name),
		})
	}
	for _, p := range face.Properties {
		c.Properties = append(c.Properties, contract.Property{
			Name:       p.Name,
			Type:       p.Type,
			Writable:   p.Access == "readwrite",
			Privileged: p.privileged(),
			Emits:      p.Annotation("org.freedesktop.DBus.Property.EmitsChangedSignal", "true"),
		})
	}
	for _, s := range face.Signals {
		c.Signals = append(c.Signals, contract.Signal{Name: s.Name, Args: args(s, "")})
	}
	return c
}

// args returns the arguments of m that go in direction.
func args(m Member, direction string) []contract.Arg {
	var list []contract.Arg
	for _, a := range m.Args {
		if a.Direction == direction || direction == "" {
			list = append(list, contract.Arg{Name: a.Name, Type: a.Type})
		}
	}
	return list
}

// privileged is the safe way round: what does not say that it is open is not.
func (m Member) privileged() bool {
	return m.Annotation("org.freedesktop.systemd1.Privileged", "true") != "false"
}

func (m Member) errors(face string) []string {
	var names []string
	for _, noun := range strings.Fields(m.Annotation("io.resinos.Errors", "")) {
		names = append(names, face+".Error."+noun)
	}
	return names
}
