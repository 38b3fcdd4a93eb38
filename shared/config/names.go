package config

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ValidHostname reports whether name is one label as RFC 1123 has it: 1 to 63
// ASCII letters, digits and hyphens, not beginning or ending with a hyphen.
// A label of digits alone is valid: RFC 1123 forbids that only for the last
// label of a full name, which here is "local", and the default name, which is
// cut from the uuid, may well be one.
func ValidHostname(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrInvalidHostname)
	case len(name) > 63:
		return fmt.Errorf("%w: longer than 63 characters", ErrInvalidHostname)
	case name[0] == '-' || name[len(name)-1] == '-':
		return fmt.Errorf("%w: a hyphen at its beginning or end", ErrInvalidHostname)
	case !consistsOf(name, func(c byte) bool { return isAlnum(c) || c == '-' }):
		return fmt.Errorf("%w: only letters, digits and hyphens", ErrInvalidHostname)
	}
	return nil
}

// ValidUUID reports whether s is 32 hexadecimal digits.
func ValidUUID(s string) error {
	if len(s) != 32 || !consistsOf(s, isHex) {
		return fmt.Errorf("%w: it must be 32 hexadecimal digits", ErrInvalidUUID)
	}
	return nil
}

func hostname(s string) (string, error) { return s, ValidHostname(s) }

func uuid(s string) (string, error) { return s, ValidUUID(s) }

func country(s string) (string, error) {
	if len(s) != 2 || !consistsOf(s, isLetter) {
		return "", invalid("it must be two letters (ISO 3166-1 alpha-2)")
	}
	return strings.ToUpper(s), nil
}

// address accepts an IP address without a zone.
func address(s string) error {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return invalid("%q is not an IP address", s)
	}
	return nil
}

// host accepts an IP address or a host name.
func host(s string) error {
	if address(s) == nil {
		return nil
	}
	labels := strings.Split(s, ".")
	if len(s) > 253 || slices.ContainsFunc(labels, func(l string) bool { return ValidHostname(l) != nil }) {
		return invalid("%q is neither an IP address nor a host name", s)
	}
	return nil
}
