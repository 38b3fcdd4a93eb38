// Package gotype turns D-Bus type signatures (D-Bus specification, "Type System")
// into the Go types that godbus uses for them.
package gotype

import (
	"errors"
	"fmt"
	"strings"
)

// ErrSignature is wrapped by the error for a signature that is not one complete type.
var ErrSignature = errors.New("not one complete D-Bus type")

// Of returns the Go type of signature. Where the signature holds a struct,
// structName is the name of the Go struct type that stands for it.
func Of(signature, structName string) (string, error) {
	goType, rest, err := next(signature, structName)
	if err == nil && rest != "" {
		err = fmt.Errorf("%w: %q", ErrSignature, signature)
	}
	return goType, err
}

// Fields returns the Go types of the members of the innermost struct in signature.
func Fields(signature string) ([]string, error) {
	from, to := strings.LastIndex(signature, "("), strings.Index(signature, ")")
	if from < 0 || to < from {
		return nil, fmt.Errorf("%w: %q has no struct", ErrSignature, signature)
	}
	var fields []string
	for rest := signature[from+1 : to]; rest != ""; {
		goType, after, err := next(rest, "")
		if err != nil {
			return nil, err
		}
		fields, rest = append(fields, goType), after
	}
	return fields, nil
}

// next returns the Go type of the first complete type in signature, and what follows it.
func next(signature, structName string) (goType, rest string, err error) {
	if signature == "" {
		return "", "", fmt.Errorf("%w: it ends early", ErrSignature)
	}
	if basic := basicType(signature[0]); basic != "" {
		return basic, signature[1:], nil
	}
	switch {
	case strings.HasPrefix(signature, "a{"):
		return dict(signature, structName)
	case signature[0] == 'a':
		element, rest, err := next(signature[1:], structName)
		return "[]" + element, rest, err
	case signature[0] == '(':
		to := strings.Index(signature, ")")
		if to < 0 || structName == "" {
			return "", "", fmt.Errorf("%w: %q needs an io.resinos.Struct annotation", ErrSignature, signature)
		}
		return structName, signature[to+1:], nil
	}
	return "", "", fmt.Errorf("%w: %q", ErrSignature, signature)
}

func dict(signature, structName string) (goType, rest string, err error) {
	key, rest, err := next(signature[2:], "")
	if err != nil {
		return "", "", err
	}
	value, rest, err := next(rest, structName)
	if err != nil {
		return "", "", err
	}
	if !strings.HasPrefix(rest, "}") {
		return "", "", fmt.Errorf("%w: %q", ErrSignature, signature)
	}
	return "map[" + key + "]" + value, rest[1:], nil
}

func basicType(code byte) string {
	codes := "ybnqiuxtdsogvh"
	types := []string{
		"byte", "bool", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float64",
		"string", "dbus.ObjectPath", "dbus.Signature", "dbus.Variant", "dbus.UnixFD",
	}
	if i := strings.IndexByte(codes, code); i >= 0 {
		return types[i]
	}
	return ""
}
