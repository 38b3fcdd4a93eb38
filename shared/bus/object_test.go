package bus_test

import (
	"context"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"resinos.io/shared/bus"
)

// TestNewObjectHoldsTheContract gives an object that differs from its contract.
func TestNewObjectHoldsTheContract(t *testing.T) {
	tests := []struct {
		name   string
		change func(*bus.Interface)
		want   string
	}{
		{"method missing", func(i *bus.Interface) { i.Methods = nil }, "no function for the method SetHostname"},
		{"method too many", func(i *bus.Interface) { i.Methods["Do"] = func(context.Context) error { return nil } }, "has no method Do"},
		{"argument type", func(i *bus.Interface) {
			i.Methods["SetHostname"] = func(context.Context, uint32, map[string]dbus.Variant) error { return nil }
		}, "argument hostname has type u"},
		{"no context", func(i *bus.Interface) {
			i.Methods["SetHostname"] = func(string, string, map[string]dbus.Variant) error { return nil }
		}, "want a context first"},
		{"number of arguments", func(i *bus.Interface) {
			i.Methods["SetHostname"] = func(context.Context, string) error { return nil }
		}, "another number of values"},
		{"property missing", func(i *bus.Interface) { delete(i.Values, "Uuid") }, "no value for the property Uuid"},
		{"property type", func(i *bus.Interface) { i.Values["Uuid"] = uint64(1) }, "type t, the contract says s"},
		{"error missing", func(i *bus.Interface) { i.Errors = i.Errors[1:] }, "nothing gives the error"},
		{"error too many", func(i *bus.Interface) { i.Errors = append(i.Errors, bus.ErrorName{Name: "x.Error.Y"}) }, "has no error x.Error.Y"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			face := face(&service{})
			test.change(&face)
			_, err := bus.NewObject(face)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
