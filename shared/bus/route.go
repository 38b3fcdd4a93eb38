package bus

import (
	"context"
	"fmt"

	"github.com/godbus/dbus/v5"
)

// route finds what the call is for and does it. The table is that of the
// interface whose method it was.
func (c call) route(ctx context.Context) ([]any, []ErrorName, error) {
	object := c.tree.object(c.path)
	if object == nil && len(c.tree.children(c.path)) == 0 {
		return nil, nil, newError(errUnknownObject, fmt.Sprintf("there is no object %s", c.path))
	}
	switch {
	case c.face == introspectInterface || c.face == "" && c.member == "Introspect":
		out, err := c.introspectable()
		return out, nil, err
	case object != nil && c.face == propertiesInterface:
		return c.propertyCall(ctx, object)
	case object != nil && object.faces[c.face] != nil:
		face := object.faces[c.face]
		out, err := c.method(ctx, face)
		return out, face.errors, err
	}
	return nil, nil, newError(errUnknownInterface, fmt.Sprintf("%s has no interface %q", c.path, c.face))
}

func (c call) introspectable() ([]any, error) {
	if c.member != "Introspect" {
		return nil, c.unknownMethod()
	}
	return []any{c.tree.introspect(c.path)}, nil
}

func (c call) method(ctx context.Context, face *served) ([]any, error) {
	m, ok := face.methods[c.member]
	if !ok {
		return nil, c.unknownMethod()
	}
	if m.contract.Privileged {
		if err := c.requireRoot(ctx); err != nil {
			return nil, err
		}
	}
	return m.invoke(ctx, c.body)
}

// propertyCall serves org.freedesktop.DBus.Properties.
func (c call) propertyCall(ctx context.Context, object *Object) ([]any, []ErrorName, error) {
	want := map[string]string{"Get": "ss", "GetAll": "s", "Set": "ssv"}[c.member]
	if want == "" {
		return nil, nil, c.unknownMethod()
	}
	if got := dbus.SignatureOf(c.body...).String(); got != want {
		return nil, nil, newError(errInvalidArgs, fmt.Sprintf("%s takes (%s), got (%s)", c.member, want, got))
	}
	name, _ := c.body[0].(string)
	face := object.faces[name]
	if face == nil {
		return nil, nil, newError(errUnknownInterface, fmt.Sprintf("%s has no interface %q", c.path, name))
	}
	switch c.member {
	case "GetAll":
		return []any{face.properties.all()}, nil, nil
	case "Get":
		property, _ := c.body[1].(string)
		value, err := face.properties.get(property)
		if err != nil {
			return nil, nil, err
		}
		return []any{value}, nil, nil
	}
	return nil, face.errors, c.setProperty(ctx, face)
}

func (c call) setProperty(ctx context.Context, face *served) error {
	name, _ := c.body[1].(string)
	if property, ok := face.contract.Property(name); ok && property.Writable && property.Privileged {
		if err := c.requireRoot(ctx); err != nil {
			return err
		}
	}
	value, _ := c.body[2].(dbus.Variant)
	return face.properties.write(ctx, name, value)
}

func (c call) requireRoot(ctx context.Context) error {
	uid, err := c.tree.access.uid(ctx, c.sender)
	if err != nil {
		return newError(errAccessDenied, fmt.Sprintf("cannot tell who calls %s: %v", c.member, err))
	}
	if uid != 0 {
		return newError(errAccessDenied, fmt.Sprintf("%s.%s is for uid 0, not for uid %d", c.face, c.member, uid))
	}
	return nil
}

func (c call) unknownMethod() error {
	return newError(errUnknownMethod, fmt.Sprintf("%s has no method %q", c.face, c.member))
}
