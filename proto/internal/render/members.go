package render

import (
	"fmt"
	"strings"

	"resinos.io/proto/internal/gotype"
	"resinos.io/proto/internal/parse"
)

// addMembers fills in what the template cannot work out by itself.
func (p *Package) addMembers(face parse.Interface) error {
	for _, m := range face.Methods {
		call := Call{Name: m.Name, Doc: face.MemberDoc(m.Name)}
		for _, a := range m.Args {
			argType, err := goType(m, a.Type)
			if err != nil {
				return fmt.Errorf("%s(%s): %w", m.Name, a.Name, err)
			}
			field := Field{Name: a.Name, Type: argType}
			if a.Direction == "in" {
				call.In = append(call.In, field)
			} else {
				call.Out = append(call.Out, field)
			}
		}
		p.Calls = append(p.Calls, call)
		if err := p.addStruct(m, ""); err != nil {
			return err
		}
	}
	for _, m := range face.Properties {
		valueType, err := goType(m, m.Type)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
		p.Values = append(p.Values, Value{
			Name: m.Name, Doc: face.MemberDoc(m.Name), Type: valueType, Writable: m.Access == "readwrite",
		})
		if err := p.addStruct(m, m.Type); err != nil {
			return err
		}
	}
	return nil
}

// addStruct declares the struct that member names, once. The member's only
// signature with a struct in it is signature or that of one of its arguments.
func (p *Package) addStruct(member parse.Member, signature string) error {
	names := strings.Fields(member.Annotation("io.resinos.Struct", ""))
	if len(names) == 0 {
		return nil
	}
	for _, a := range member.Args {
		if strings.Contains(a.Type, "(") {
			signature = a.Type
		}
	}
	types, err := gotype.Fields(signature)
	if err != nil {
		return err
	}
	if len(types) != len(names)-1 {
		return fmt.Errorf("%s: io.resinos.Struct names %d members of %d", member.Name, len(names)-1, len(types))
	}
	s := Struct{Name: names[0]}
	for i, t := range types {
		s.Fields = append(s.Fields, Field{Name: names[i+1], Type: t})
	}
	for _, have := range p.Structs {
		if have.Name == s.Name {
			return nil
		}
	}
	p.Structs = append(p.Structs, s)
	return nil
}
