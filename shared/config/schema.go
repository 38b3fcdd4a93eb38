package config

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

//go:generate go run ./genschema config.schema.json

// SchemaID names the published schema.
const SchemaID = "https://resinos.io/schemas/config.schema.json"

// A schema is the part of a JSON Schema that our keys need.
type schema struct {
	never   bool // no value is valid
	boolean bool
	pattern string // of a string, or of each string in a list
	list    bool
	integer bool // an integer from min to max is valid as well as the string
	min     int64
	max     int64
}

func boolean() schema { return schema{boolean: true} }

func pattern(p string) schema { return schema{pattern: p} }

func listOf(p string) schema { return schema{pattern: p, list: true} }

func integerOr(p string, from, to int64) schema {
	return schema{pattern: p, integer: true, min: from, max: to}
}

// Schema returns the JSON Schema (2020-12) of config.json, made from the table
// that Load validates with. Whatever Load accepts is valid, and the other way
// round but for what no regular expression can say: whether an IPv6 address, a
// URL or the inside of a key is right. Keys that are not in it are valid.
func Schema() ([]byte, error) {
	root := object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         SchemaID,
		"title":       "resinOS config.json",
		"description": "Configuration of a resinOS device. Keys that are not listed belong to other programs.",
		"type":        "object",
	}
	for _, k := range keys() {
		root.put(slices.Collect(jsontext.Pointer(k.pointer).Tokens()), k.definition())
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(root)
	return buf.Bytes(), err
}

// object is a JSON object; its members are written in alphabetical order.
type object map[string]any

// put adds the definition of the key below o.
func (o object) put(tokens []string, definition object) {
	if o["properties"] == nil {
		o["properties"] = object{}
	}
	properties := o["properties"].(object)
	if len(tokens) == 1 {
		properties[tokens[0]] = definition
		return
	}
	if properties[tokens[0]] == nil {
		properties[tokens[0]] = object{"type": "object"}
	}
	properties[tokens[0]].(object).put(tokens[1:], definition)
}

// definition returns the schema of one key.
func (k key) definition() object {
	text := object{"type": "string", "pattern": k.schema.pattern}
	var d object
	switch s := k.schema; {
	case s.never:
		d = object{"not": object{}}
	case s.boolean:
		d = object{"type": "boolean"}
	case s.list:
		d = object{"type": "array", "items": text}
	case s.integer:
		d = object{"anyOf": []object{text, {"type": "integer", "minimum": s.min, "maximum": s.max}}}
	default:
		d = text
	}
	d["description"] = k.about
	return d
}
