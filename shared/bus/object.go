package bus

import (
	"fmt"
	"maps"
	"slices"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// An Interface says what an object serves under one contract.
type Interface struct {
	Contract contract.Interface
	Methods  Methods
	Values   map[string]any    // the first value of every property that is not in Getters
	Getters  map[string]Getter // of every property that is measured when it is read
	Setters  map[string]Setter // of every writable property
	Errors   []ErrorName       // the methods' own errors
}

// An Object is what is served at one path.
type Object struct {
	faces map[string]*served
}

// served is one interface of an object, checked against its contract.
type served struct {
	contract   contract.Interface
	methods    map[string]method
	properties *Properties
	errors     []ErrorName
}

// NewObject returns an object with the given interfaces, or an error that names
// the first way in which one of them is not what its contract says.
func NewObject(faces ...Interface) (*Object, error) {
	o := &Object{faces: make(map[string]*served)}
	for _, face := range faces {
		methods, err := bind(face.Contract, face.Methods)
		if err != nil {
			return nil, err
		}
		properties, err := newProperties(face)
		if err != nil {
			return nil, err
		}
		if err := checkErrors(face); err != nil {
			return nil, err
		}
		o.faces[face.Contract.Name] = &served{face.Contract, methods, properties, face.Errors}
	}
	return o, nil
}

// Properties returns the property values of the interface called name, nil if
// the object has no such interface.
func (o *Object) Properties(name string) *Properties {
	if face := o.faces[name]; face != nil {
		return face.properties
	}
	return nil
}

// checkErrors requires that every error of the contract has an entry in the
// table, and that the table has no other.
func checkErrors(face Interface) error {
	var declared []string
	for _, m := range face.Contract.Methods {
		declared = append(declared, m.Errors...)
	}
	for _, entry := range face.Errors {
		if !slices.Contains(declared, entry.Name) {
			return fmt.Errorf("cannot serve %s: the contract has no error %s", face.Contract.Name, entry.Name)
		}
	}
	for _, name := range declared {
		if !slices.ContainsFunc(face.Errors, func(e ErrorName) bool { return e.Name == name }) {
			return fmt.Errorf("cannot serve %s: nothing gives the error %s", face.Contract.Name, name)
		}
	}
	return nil
}

// names returns the object's interfaces in a fixed order.
func (o *Object) names() []string {
	return slices.Sorted(maps.Keys(o.faces))
}

// announce makes property changes of the object go out on conn under path.
func (o *Object) announce(conn *dbus.Conn, path dbus.ObjectPath) {
	for name, face := range o.faces {
		face.properties.mu.Lock()
		face.properties.emit = func(changed map[string]dbus.Variant) {
			// Fails only on a lost connection, which ends the process elsewhere.
			_ = conn.Emit(path, propertiesInterface+".PropertiesChanged", name, changed, []string{})
		}
		face.properties.mu.Unlock()
	}
}
