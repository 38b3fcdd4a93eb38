package config

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestDocumentSet(t *testing.T) {
	tests := []struct {
		name, text, pointer string
		value               any
		want                string
	}{
		{"new file", "{}\n", "/hostname", "x", "{\n  \"hostname\": \"x\"\n}\n"},
		{"nested in a new file", "{}\n", "/os/update/auto", true, "{\n  \"os\": {\n    \"update\": {\n      \"auto\": true\n    }\n  }\n}\n"},
		{"compact", `{"a":1}`, "/hostname", "x", `{"a":1,"hostname":"x"}`},
		{"compact, nested", `{"a":1}`, "/os/update/auto", true, `{"a":1,"os":{"update":{"auto":true}}}`},
		{"one line with spaces", `{ "a": 1, "b": 2 }`, "/hostname", "x", `{ "a": 1, "b": 2, "hostname": "x" }`},
		{"one line, one member", `{ "a" : 1 }`, "/hostname", "x", `{ "a" : 1, "hostname" : "x" }`},
		{"replace", "{\"hostname\" :\t\"old\" , \"b\":1}", "/hostname", "new", "{\"hostname\" :\t\"new\" , \"b\":1}"},
		{"tabs", "{\n\t\"a\": 1\n}", "/os/update/auto", true, "{\n\t\"a\": 1,\n\t\"os\": {\n\t\t\"update\": {\n\t\t\t\"auto\": true\n\t\t}\n\t}\n}"},
		{"four spaces", "{\n    \"os\": {}\n}", "/os/update/auto", true, "{\n    \"os\": {\n        \"update\": {\n            \"auto\": true\n        }\n    }\n}"},
		{"CRLF", "{\r\n  \"a\": {}\r\n}\r\n", "/a/b", []int{1}, "{\r\n  \"a\": {\r\n    \"b\": [\r\n      1\r\n    ]\r\n  }\r\n}\r\n"},
		{"byte order mark", byteOrderMark + `{"a":1}`, "/b", 2, byteOrderMark + `{"a":1,"b":2}`},
		{"no final newline", "{\n  \"a\": 1}", "/b", 2, "{\n  \"a\": 1,\n  \"b\": 2}"},
		{"leading commas", "{ \"a\": 1\n, \"b\": 2\n}", "/c", 3, "{ \"a\": 1\n, \"b\": 2, \"c\": 3\n}"},
		{"escaped name", `{"a\u002fb":1}`, "/a~1b", 2, `{"a\u002fb":2}`},
		{"new name with a slash", `{}`, "/a~1b~0", 2, "{\n  \"a/b~\": 2\n}"},
		{"no HTML escapes", `{"a":1}`, "/a", "<&>", `{"a":"<&>"}`},
		{"inside one line of many", "{\n  \"os\": {\"a\":1}\n}", "/os/update/auto", true, "{\n  \"os\": {\"a\":1,\"update\":{\"auto\":true}}\n}"},
		{"object value", "{\n  \"a\": 1\n}", "/os/update", map[string]any{"auto": true}, "{\n  \"a\": 1,\n  \"os\": {\n    \"update\": {\n      \"auto\": true\n    }\n  }\n}"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := parseDocument([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Set(tt.pointer, tt.value); err != nil {
				t.Fatal(err)
			}
			if string(d.data) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", d.data, tt.want)
			}
			if !d.Has(tt.pointer) {
				t.Error("it is not there")
			}
		})
	}
}

func TestDocumentRemove(t *testing.T) {
	tests := []struct{ name, text, pointer, want string }{
		{"only", `{ "a": 1 }`, "/a", `{}`},
		{"first", `{ "a": 1, "b": 2 }`, "/a", `{ "b": 2 }`},
		{"middle", `{"a":1 , "b":2 , "c":3}`, "/b", `{"a":1 , "c":3}`},
		{"last", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "/b", "{\n  \"a\": 1\n}\n"},
		{"inside", `{"a":{"b":1,"c":2}}`, "/a/b", `{"a":{"c":2}}`},
		{"absent", `{"a":1}`, "/b", `{"a":1}`},
		{"absent parent", `{"a":1}`, "/b/c", `{"a":1}`},
		{"below a number", `{"a":1}`, "/a/c", `{"a":1}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := parseDocument([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Remove(tt.pointer); err != nil {
				t.Fatal(err)
			}
			if string(d.data) != tt.want {
				t.Errorf("got %s, want %s", d.data, tt.want)
			}
		})
	}
}

func TestDocumentRefuses(t *testing.T) {
	tests := []struct {
		name, pointer string
		value         any
		want          error
	}{
		{"invalid host name", "/hostname", "a b", ErrInvalidValue},
		{"wrong type", "/persistentLogging", "true", ErrInvalidValue},
		{"a key that is never honoured", "/developmentMode", true, ErrInvalidValue},
		{"one bad element", "/os/sshKeys", []string{goodKey, badKey}, ErrInvalidValue},
		{"a bad key inside", "/os/update", map[string]any{"auto": 1}, ErrInvalidValue},
		{"no object above keys", "/os", 5, ErrInvalidValue},
		{"a value that is no JSON", "/a", func() {}, ErrInvalidValue},
		{"the whole file", "", map[string]any{}, ErrInvalidPointer},
		{"no pointer", "hostname", "x", ErrInvalidPointer},
		{"bad escape", "/a~2", "x", ErrInvalidPointer},
		{"below a string", "/applicationName/x", "x", ErrNotObject},
		{"in an array", "/os/sshKeys/0", goodKey, ErrNotObject},
		{"too large", "/a", strings.Repeat("x", MaxSize), ErrTooLarge},
		{"too deep", strings.Repeat("/a", maxDepth), 1, nil},
		{"too deep by one", strings.Repeat("/a", maxDepth+1), 1, ErrSyntax},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := parseDocument([]byte(fixture))
			if err != nil {
				t.Fatal(err)
			}
			err = d.Set(tt.pointer, tt.value)
			if !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if err != nil && string(d.data) != fixture {
				t.Error("the document was changed")
			}
		})
	}
	d := newDocument()
	if err := d.Remove(""); !errors.Is(err, ErrInvalidPointer) {
		t.Error(err)
	}
	if d.Has("") || d.Has("x") || d.Has("/x") {
		t.Error("it has what it has not")
	}
}

// TestDocumentKeepsTheRest edits next to everything that must survive.
func TestDocumentKeepsTheRest(t *testing.T) {
	d, err := parseDocument([]byte(fixture))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Set("/hostname", "new"); err != nil {
		t.Fatal(err)
	}
	if want := strings.Replace(fixture, `"old"`, `"new"`, 1); string(d.data) != want {
		t.Errorf("got\n%s", d.data)
	}
	if err := d.Set("/zzz", 1); err != nil {
		t.Fatal(err)
	}
	if err := d.Remove("/zzz"); err != nil {
		t.Fatal(err)
	}
	if err := d.Set("/hostname", "old"); err != nil || string(d.data) != fixture {
		t.Errorf("%v\n%s", err, d.data)
	}
}

// FuzzEdit sets a value somewhere and removes it: the rest stays byte for byte.
func FuzzEdit(f *testing.F) {
	f.Add([]byte(fixture), "hostname", "x")
	f.Add([]byte(`{"a":{"b":1}}`), "a/c", "x")
	f.Add([]byte("{\r\n\t\"a\" : [ ]\r\n}"), "b", "<\n>")
	f.Add([]byte(byteOrderMark+"{ }"), "a~1/~0/b", "")
	f.Fuzz(func(t *testing.T, data []byte, pointer, value string) {
		pointer = "/" + pointer
		d, err := parseDocument(data)
		if err != nil || len(data) > MaxSize/2 || !utf8.ValidString(value) {
			return
		}
		existed, members := d.Has(pointer), membersOf(d)
		if err := d.Set(pointer, value); err != nil {
			if string(d.data) != string(data) {
				t.Fatalf("%v, but the document is %q", err, d.data)
			}
			return
		}
		tokens, err := split(pointer)
		if err != nil {
			t.Fatal(err)
		}
		at, depth := find(d.data, d.root, tokens)
		if got, err := decodeString(d.data[at.start:at.end]); depth != len(tokens) || err != nil || got != value {
			t.Fatalf("%q at %q in %q", got, pointer, d.data)
		}
		after := membersOf(d)
		for name, raw := range members {
			if name != tokens[0] && after[name] != raw {
				t.Fatalf("%q was %q and is %q", name, raw, after[name])
			}
		}
		if err := d.Remove(pointer); err != nil || d.Has(pointer) {
			t.Fatalf("%v: %q is in %q", err, pointer, d.data)
		}
		if len(tokens) == 1 && !existed && len(members) > 0 && string(d.data) != string(data) {
			t.Fatalf("%q became %q", data, d.data)
		}
	})
}

// membersOf returns the text of each member of the root object.
func membersOf(d *Document) map[string]string {
	all := map[string]string{}
	for m := range members(d.data, d.root) {
		all[m.name] = string(d.data[m.label.start:m.value.end])
	}
	return all
}
