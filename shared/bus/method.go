package bus

import (
	"context"
	"fmt"
	"reflect"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
)

// Methods are the functions behind an interface's methods, by name. Each has the
// form
//
//	func(ctx context.Context, in ...) (out ..., err error)
//
// with the types of the contract, in its order. ctx ends with the call's deadline
// or the connection.
type Methods map[string]any

// method is one entry of Methods, known to fit its contract.
type method struct {
	contract contract.Method
	call     reflect.Value
}

// bind holds methods against the contract: all of it, and nothing else.
func bind(face contract.Interface, methods Methods) (map[string]method, error) {
	bound := make(map[string]method)
	for _, m := range face.Methods {
		function, ok := methods[m.Name]
		if !ok {
			return nil, fmt.Errorf("cannot serve %s: no function for the method %s", face.Name, m.Name)
		}
		if err := fits(m, reflect.TypeOf(function)); err != nil {
			return nil, fmt.Errorf("cannot serve %s.%s: %w", face.Name, m.Name, err)
		}
		bound[m.Name] = method{contract: m, call: reflect.ValueOf(function)}
	}
	for name := range methods {
		if _, ok := bound[name]; !ok {
			return nil, fmt.Errorf("cannot serve %s: the contract has no method %s", face.Name, name)
		}
	}
	return bound, nil
}

// fits reports how a function's type differs from what the contract asks.
func fits(m contract.Method, function reflect.Type) error {
	if function.Kind() != reflect.Func || function.NumIn() != len(m.In)+1 || function.NumOut() != len(m.Out)+1 {
		return fmt.Errorf("it is a %s, which takes or returns another number of values", function)
	}
	if function.In(0) != reflect.TypeFor[context.Context]() || function.Out(len(m.Out)) != reflect.TypeFor[error]() {
		return fmt.Errorf("it is a %s, want a context first and an error last", function)
	}
	for i, arg := range m.In {
		if got := dbus.SignatureOfType(function.In(i + 1)).String(); got != arg.Type {
			return fmt.Errorf("argument %s has type %s, the contract says %s", arg.Name, got, arg.Type)
		}
	}
	for i, arg := range m.Out {
		if got := dbus.SignatureOfType(function.Out(i)).String(); got != arg.Type {
			return fmt.Errorf("result %s has type %s, the contract says %s", arg.Name, got, arg.Type)
		}
	}
	return nil
}

// invoke calls the function with the values of a message's body.
func (m method) invoke(ctx context.Context, body []any) ([]any, error) {
	if got, want := dbus.SignatureOf(body...).String(), contract.Signature(m.contract.In); got != want {
		return nil, newError(errInvalidArgs, fmt.Sprintf("%s takes (%s), got (%s)", m.contract.Name, want, got))
	}
	in := []reflect.Value{reflect.ValueOf(ctx)}
	for i, value := range body {
		arg := reflect.New(m.call.Type().In(i + 1))
		if err := dbus.Store([]any{value}, arg.Interface()); err != nil {
			return nil, newError(errInvalidArgs, fmt.Sprintf("%s: argument %d: %v", m.contract.Name, i+1, err))
		}
		in = append(in, arg.Elem())
	}
	results := m.call.Call(in)
	if err, _ := results[len(results)-1].Interface().(error); err != nil {
		return nil, err
	}
	var out []any
	for _, result := range results[:len(results)-1] {
		out = append(out, result.Interface())
	}
	return out, nil
}
