package bus_test

import (
	"context"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/shared/bus"
	"resinos.io/shared/bustest"
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

// TestGetters measures a property each time it is read, and only then.
func TestGetters(t *testing.T) {
	var number atomic.Int32
	i := face(&service{})
	delete(i.Values, "Uuid")
	i.Getters = map[string]bus.Getter{"Uuid": func() any { return strings.Repeat("a", int(number.Add(1))) }}
	s := serveFace(t, i)
	for want := int(number.Load()) + 1; want < 4; want++ {
		got, err := hostname1.NewClient(s).Uuid(t.Context())
		if err != nil || len(got) != want {
			t.Errorf("reads %q, %v; want %d letters", got, err, want)
		}
	}
	i.Getters = map[string]bus.Getter{"Uuid": func() any { return 1 }}
	if _, err := bus.NewObject(i); err == nil {
		t.Error("a getter of another type than the contract's was taken")
	}
}

// serveFace serves i on a bus of its own and returns a client's connection.
func serveFace(t *testing.T, i bus.Interface) *dbus.Conn {
	t.Helper()
	private := bustest.Start(t)
	object, err := bus.NewObject(i)
	if err != nil {
		t.Fatal(err)
	}
	tree := bus.NewTree(slog.New(slog.DiscardHandler))
	if err := tree.Add(hostname1.Path, object); err != nil {
		t.Fatal(err)
	}
	conn, err := bus.Connect(private.Address, tree)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := bus.Own(t.Context(), conn, hostname1.BusName); err != nil {
		t.Fatal(err)
	}
	return private.Connect(t)
}
