// Package parse reads D-Bus introspection XML (the format of the D-Bus
// specification, "Introspection Data Format") into values that keep the doc comments.
//
// It is strict where the project's contract is: every interface and every member
// has a doc comment, every argument a name, every method says whether it is privileged.
package parse

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
)

// ErrContract is wrapped by every complaint about a file that is XML but not a contract.
var ErrContract = errors.New("not a contract")

// Node is the root element of a file.
type Node struct {
	Path       string      `xml:"name,attr"`
	Interfaces []Interface `xml:"interface"`
}

// Interface is one <interface> element.
type Interface struct {
	Name       string   `xml:"name,attr"`
	Methods    []Member `xml:"method"`
	Properties []Member `xml:"property"`
	Signals    []Member `xml:"signal"`

	Doc string            `xml:"-"` // the comment before the element
	Raw string            `xml:"-"` // the element as it stands in the file
	doc map[string]string // by member name
}

// Member is a method, a property or a signal.
type Member struct {
	Name        string       `xml:"name,attr"`
	Type        string       `xml:"type,attr"`
	Access      string       `xml:"access,attr"`
	Args        []Arg        `xml:"arg"`
	Annotations []Annotation `xml:"annotation"`
}

// Arg is an argument of a method or a signal.
type Arg struct {
	Name      string `xml:"name,attr"`
	Type      string `xml:"type,attr"`
	Direction string `xml:"direction,attr"`
}

// Annotation is a name with a value.
type Annotation struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

// File parses the text of one contract file, which holds exactly one interface.
func File(text string) (Node, error) {
	var node Node
	if err := xml.Unmarshal([]byte(text), &node); err != nil {
		return Node{}, fmt.Errorf("cannot read introspection XML: %w", err)
	}
	if len(node.Interfaces) != 1 {
		return Node{}, fmt.Errorf("%w: %d interfaces in one file, want 1", ErrContract, len(node.Interfaces))
	}
	face := &node.Interfaces[0]
	face.Raw = rawInterface(text)
	var err error
	if face.Doc, face.doc, err = comments(text); err != nil {
		return Node{}, err
	}
	return node, check(*face)
}

// MemberDoc returns the doc comment of the member called name, without its first line's label.
func (i Interface) MemberDoc(name string) string { return i.doc[name] }

// Annotation returns the value of the annotation called name, or fallback.
func (m Member) Annotation(name, fallback string) string {
	for _, a := range m.Annotations {
		if a.Name == name {
			return a.Value
		}
	}
	return fallback
}

// rawInterface cuts the <interface> element out of text, which is known to be
// well-formed and to hold one.
func rawInterface(text string) string {
	const end = "</interface>"
	from := strings.Index(text, "<interface ")
	to := strings.LastIndex(text, end)
	if from < 0 || to < from {
		return ""
	}
	return text[from : to+len(end)]
}
