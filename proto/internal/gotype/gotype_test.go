package gotype

import (
	"errors"
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	tests := []struct{ signature, structName, want string }{
		{"s", "", "string"},
		{"t", "", "uint64"},
		{"as", "", "[]string"},
		{"a{sv}", "", "map[string]dbus.Variant"},
		{"aa{sv}", "", "[]map[string]dbus.Variant"},
		{"a(ss)", "Problem", "[]Problem"},
		{"h", "", "dbus.UnixFD"},
	}
	for _, test := range tests {
		got, err := Of(test.signature, test.structName)
		if err != nil || got != test.want {
			t.Errorf("Of(%q) = %q, %v; want %q", test.signature, got, err, test.want)
		}
	}
}

func TestOfRefuses(t *testing.T) {
	for _, signature := range []string{"", "ss", "z", "a", "a{s", "a{sv", "(s", "(ss)"} {
		if got, err := Of(signature, ""); !errors.Is(err, ErrSignature) {
			t.Errorf("Of(%q) = %q, %v; want ErrSignature", signature, got, err)
		}
	}
}

func TestFields(t *testing.T) {
	got, err := Fields("a(sssb)")
	if want := []string{"string", "string", "string", "bool"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Fields = %q, %v; want %q", got, err, want)
	}
}

func FuzzOf(f *testing.F) {
	f.Add("a{sv}", "")
	f.Add("a(ss)", "Problem")
	f.Fuzz(func(_ *testing.T, signature, structName string) {
		_, _ = Of(signature, structName)
		_, _ = Fields(signature)
	})
}
