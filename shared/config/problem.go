package config

import (
	"errors"
	"fmt"
)

// A Problem is one thing in config.json that is not applied as it stands there.
type Problem struct {
	// Pointer is the JSON pointer (RFC 6901) of the key, "" for the whole file.
	Pointer string
	// Reason is one line for a person: what is wrong and what is used instead.
	Reason string
}

// Errors of this package, to be told apart with errors.Is.
var (
	// ErrSyntax means that the file is not one strict JSON object.
	ErrSyntax = errors.New("it does not parse")
	// ErrTooLarge means that the file is, or would become, larger than MaxSize.
	ErrTooLarge = errors.New("it is larger than 1 MiB")
	// ErrNotRegular means that something that is no regular file stands in the file's place.
	ErrNotRegular = errors.New("it is not a regular file")
	// ErrInvalidValue means that a value breaks the rule of its key.
	ErrInvalidValue = errors.New("invalid value")
	// ErrInvalidHostname means that a name is not one RFC 1123 label.
	ErrInvalidHostname = errors.New("not a valid host name")
	// ErrInvalidUUID means that a uuid is not 32 hexadecimal digits.
	ErrInvalidUUID = errors.New("not a valid uuid")
	// ErrInvalidPointer means that a JSON pointer is malformed or names no object member.
	ErrInvalidPointer = errors.New("not a pointer to an object member")
	// ErrNotObject means that a member was asked of a value that is no JSON object.
	ErrNotObject = errors.New("not an object")
)

// A SyntaxError says where a file stops being JSON. It wraps ErrSyntax.
type SyntaxError struct {
	Line   int // from 1
	Column int // from 1, in characters
	Reason string
}

// Error returns the reason after the place.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%v: line %d, column %d: %s", ErrSyntax, e.Line, e.Column, e.Reason)
}

// Unwrap returns ErrSyntax.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }
