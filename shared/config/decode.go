package config

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

func decodeString(raw jsontext.Value) (string, error) {
	if raw.Kind() != jsontext.KindString {
		return "", invalid("it must be a string, not %s", kindName(raw))
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	return string(s), err
}

func decodeBool(raw jsontext.Value) (bool, error) {
	switch raw.Kind() {
	case jsontext.KindTrue, jsontext.KindFalse:
		return raw.Kind() == jsontext.KindTrue, nil
	}
	return false, invalid("it must be true or false, not %s", kindName(raw))
}

// decodeInteger reads a JSON integer from 1 to maxInteger, or a string with parse.
func decodeInteger(raw jsontext.Value, parse func(string) (uint64, error)) (uint64, error) {
	if raw.Kind() == jsontext.KindString {
		s, err := decodeString(raw)
		if err != nil {
			return 0, err
		}
		return parse(s)
	}
	if raw.Kind() != jsontext.KindNumber {
		return 0, invalid("it must be an integer or a string, not %s", kindName(raw))
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	if n := uint64(max(f, 0)); err == nil && f <= maxInteger && n >= 1 && float64(n) == f {
		return n, nil
	}
	return 0, invalid("it must be a whole number from 1")
}

func kindName(raw jsontext.Value) string {
	switch raw.Kind() {
	case jsontext.KindNull:
		return "null"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "a boolean"
	case jsontext.KindString:
		return "a string"
	case jsontext.KindNumber:
		return "a number"
	case jsontext.KindBeginArray:
		return "an array"
	}
	return "an object"
}
