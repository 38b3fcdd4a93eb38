package bus

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// A Setter takes a new value of a writable property. The value has the type that
// the contract says. What it returns is what Get then shows.
type Setter func(ctx context.Context, value any) (any, error)

// A Getter measures a property's value each time it is read, in milliseconds. The
// contract says of such a property that its changes are not told.
type Getter func() any

// Properties are the values of one interface's properties. Its methods may be
// called by several goroutines.
type Properties struct {
	face    contract.Interface
	setters map[string]Setter
	getters map[string]Getter

	mu     sync.Mutex // guards what follows, and the order of emit
	values map[string]dbus.Variant
	emit   func(changed map[string]dbus.Variant) // nil before the object is served
}

// newProperties starts with the first values, which must be all of them.
func newProperties(served Interface) (*Properties, error) {
	face := served.Contract
	p := &Properties{face: face, setters: served.Setters, getters: served.Getters, values: make(map[string]dbus.Variant)}
	for _, property := range face.Properties {
		value, ok := served.Values[property.Name]
		if getter := served.Getters[property.Name]; getter != nil {
			value, ok = getter(), true
		}
		if !ok {
			return nil, fmt.Errorf("cannot serve %s: no value for the property %s", face.Name, property.Name)
		}
		if property.Writable && served.Setters[property.Name] == nil {
			return nil, fmt.Errorf("cannot serve %s: nothing sets the property %s", face.Name, property.Name)
		}
		if err := p.check(property.Name, value); err != nil {
			return nil, err
		}
		p.values[property.Name] = dbus.MakeVariant(value)
	}
	return p, nil
}

// Set changes the properties named in values and tells the bus of those whose
// value is another one now, all in one signal. A name or a type that is not in
// the contract is an error and changes nothing.
func (p *Properties) Set(values map[string]any) error {
	for name, value := range values {
		if err := p.check(name, value); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := make(map[string]dbus.Variant)
	for name, value := range values {
		if reflect.DeepEqual(p.values[name].Value(), value) {
			continue
		}
		p.values[name] = dbus.MakeVariant(value)
		if property, _ := p.face.Property(name); property.Emits == "true" {
			changed[name] = p.values[name]
		}
	}
	if p.emit != nil && len(changed) > 0 {
		p.emit(changed)
	}
	return nil
}

func (p *Properties) check(name string, value any) error {
	property, ok := p.face.Property(name)
	if !ok {
		return fmt.Errorf("cannot set %s: %s has no such property", name, p.face.Name)
	}
	if got := dbus.SignatureOf(value).String(); got != property.Type {
		return fmt.Errorf("cannot set %s.%s: type %s, the contract says %s", p.face.Name, name, got, property.Type)
	}
	return nil
}

// measure brings the properties with a getter up to date, all or the named one.
func (p *Properties) measure(only string) {
	for name, getter := range p.getters {
		if only != "" && only != name {
			continue
		}
		value := dbus.MakeVariant(getter()) // its type was checked with the first value
		p.mu.Lock()
		p.values[name] = value
		p.mu.Unlock()
	}
}

func (p *Properties) get(name string) (dbus.Variant, *dbus.Error) {
	p.measure(name)
	p.mu.Lock()
	defer p.mu.Unlock()
	value, ok := p.values[name]
	if !ok {
		return dbus.Variant{}, newError(errUnknownProperty, fmt.Sprintf("%s has no property %q", p.face.Name, name))
	}
	return value, nil
}

func (p *Properties) all() map[string]dbus.Variant {
	p.measure("")
	p.mu.Lock()
	defer p.mu.Unlock()
	values := make(map[string]dbus.Variant, len(p.values))
	for name, value := range p.values {
		values[name] = value
	}
	return values
}

// write carries a client's Set out. Authorization is done by the caller.
func (p *Properties) write(ctx context.Context, name string, value dbus.Variant) error {
	property, ok := p.face.Property(name)
	switch {
	case !ok:
		return newError(errUnknownProperty, fmt.Sprintf("%s has no property %q", p.face.Name, name))
	case !property.Writable:
		return newError(errPropertyReadOnly, fmt.Sprintf("%s.%s cannot be written", p.face.Name, name))
	case value.Signature().String() != property.Type:
		return newError(errInvalidArgs, fmt.Sprintf("%s.%s has type %s, got %s", p.face.Name, name, property.Type, value.Signature()))
	}
	stored, err := p.setters[name](ctx, value.Value())
	if err != nil {
		return err
	}
	return p.Set(map[string]any{name: stored})
}
