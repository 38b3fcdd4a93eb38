// Package contract describes a D-Bus interface: what its introspection XML says, as Go values.
//
// The XML files in this module are the source. Package contract lets a daemon
// serve one of them without reading XML at run time: the generated packages
// (hostname1, service1, ...) return an Interface each. The values are read-only
// by convention; nothing here checks that a signature is valid, the generator does.
package contract

// An Interface is one D-Bus interface of the project, or a standard one that it serves.
type Interface struct {
	Name       string // for example "io.resinos.Hostname1"
	Path       string // the object path it is served at, "" if that is up to the program
	XML        string // the <interface> element, byte for byte as in the file
	Methods    []Method
	Properties []Property
	Signals    []Signal
}

// A Method is one method of an Interface.
type Method struct {
	Name       string
	In, Out    []Arg
	Privileged bool     // only uid 0 may call it
	Errors     []string // full names of the errors it can return, besides the standard ones
}

// An Arg is a named argument of a method or a signal.
type Arg struct {
	Name string
	Type string // a D-Bus signature of one complete type
}

// A Property is one property of an Interface.
type Property struct {
	Name       string
	Type       string // a D-Bus signature of one complete type
	Writable   bool
	Privileged bool   // only uid 0 may write it
	Emits      string // EmitsChangedSignal: "true", "invalidates", "const" or "false"
}

// A Signal is one signal of an Interface.
type Signal struct {
	Name string
	Args []Arg
}

// Signature returns the D-Bus signature of args, in order.
func Signature(args []Arg) string {
	var signature string
	for _, arg := range args {
		signature += arg.Type
	}
	return signature
}

// Method returns the method called name.
func (i Interface) Method(name string) (Method, bool) {
	for _, m := range i.Methods {
		if m.Name == name {
			return m, true
		}
	}
	return Method{}, false
}

// Property returns the property called name.
func (i Interface) Property(name string) (Property, bool) {
	for _, p := range i.Properties {
		if p.Name == name {
			return p, true
		}
	}
	return Property{}, false
}

// Signal returns the signal called name.
func (i Interface) Signal(name string) (Signal, bool) {
	for _, s := range i.Signals {
		if s.Name == name {
			return s, true
		}
	}
	return Signal{}, false
}
