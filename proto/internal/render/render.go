// Package render writes the Go package for one contract: names, the contract as
// a value, and a typed client. What it writes is gofmt'ed and depends on its
// input alone.
package render

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"slices"
	"strings"
	"text/template"

	"resinos.io/proto/contract"
	"resinos.io/proto/internal/gotype"
	"resinos.io/proto/internal/parse"
)

//go:embed package.go.tmpl
var templates embed.FS

// A Package is what the template is given.
type Package struct {
	contract.Interface
	File    string // the XML file's name
	Package string // the Go package's name
	Doc     string
	Structs []Struct
	Calls   []Call
	Values  []Value
}

// ErrorNames returns the errors of all methods, each once.
func (p Package) ErrorNames() []string {
	var names []string
	for _, m := range p.Methods {
		for _, name := range m.Errors {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// A Struct is a D-Bus struct with names for its members.
type Struct struct {
	Name   string
	Fields []Field
}

// A Field is a Go name with a Go type.
type Field struct{ Name, Type string }

// A Call is a method as the client offers it.
type Call struct {
	Name, Doc string
	In, Out   []Field
}

// A Value is a property as the client offers it.
type Value struct {
	Name, Doc, Type string
	Writable        bool
}

// PackageName returns the Go package for an interface: "hostname1" for io.resinos.Hostname1.
func PackageName(face string) string {
	name := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(face, "io.resinos."), "org.freedesktop."))
	return strings.ReplaceAll(name, ".", "")
}

// Go returns the source of the package for node, which was read from file.
func Go(file string, node parse.Node) ([]byte, error) {
	face := node.Interfaces[0]
	p := Package{Interface: node.Contract(), File: file, Package: PackageName(face.Name), Doc: face.Doc}
	if err := p.addMembers(face); err != nil {
		return nil, fmt.Errorf("cannot generate code for %s: %w", face.Name, err)
	}
	funcs := template.FuncMap{"comment": comment, "quote": quote, "last": last}
	t, err := template.New("package.go.tmpl").Funcs(funcs).ParseFS(templates, "package.go.tmpl")
	if err != nil {
		return nil, fmt.Errorf("cannot read the template: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, p); err != nil {
		return nil, fmt.Errorf("cannot generate code for %s: %w", face.Name, err)
	}
	return format.Source(out.Bytes())
}

// comment makes text a Go comment.
func comment(text string) string {
	return "// " + strings.ReplaceAll(strings.ReplaceAll(text, "\n", "\n// "), "// \n", "//\n")
}

// quote makes text a raw string literal.
func quote(text string) string {
	return "`" + strings.ReplaceAll(text, "`", "` + \"`\" + `") + "`"
}

// last returns what follows the last dot.
func last(name string) string { return name[strings.LastIndex(name, ".")+1:] }

func goType(member parse.Member, signature string) (string, error) {
	structName, _, _ := strings.Cut(member.Annotation("io.resinos.Struct", ""), " ")
	return gotype.Of(signature, structName)
}
