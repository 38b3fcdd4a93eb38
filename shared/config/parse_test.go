package config

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// fixture is a file as they are on devices: keys of others among ours.
const fixture = `{
  "applicationName": "test",
  "apiKey" : "\u0041\/b\ud83d\ude00",
  "deviceId": 12345678901234567890123,
  "mixpanelToken":-1.50E+02,
  "hostname": "old",
  "os": {
    "network": { "connectivity": {"uri":"http://example.org","interval":300} },
    "sshKeys": [
      "` + goodKey + `"
    ],
    "mine": {}
  },
  "persistentLogging": true ,
  "empty": {},
  "list": [ {"a":[1, 2,{"b":null}]} ]
}
`

func TestCheck(t *testing.T) {
	nested := func(n int) string {
		return strings.Repeat(`{"a":`, n-1) + "{}" + strings.Repeat("}", n-1)
	}
	utf16 := func(mark string) string {
		var b strings.Builder
		b.WriteString(mark)
		for _, c := range []byte(`{"a":1}`) {
			b.WriteByte(c)
			b.WriteByte(0)
		}
		return b.String()
	}
	tests := []struct {
		name, text   string
		line, column int // 0 = no error
		reason       string
	}{
		{name: "fixture", text: fixture},
		{name: "empty object", text: "{}"},
		{name: "white space around", text: " \r\n\t{ }\n\n"},
		{name: "CRLF", text: strings.ReplaceAll(fixture, "\n", "\r\n")},
		{name: "byte order mark", text: byteOrderMark + fixture},
		{name: "deepest", text: nested(maxDepth)},
		{name: "empty file", text: "", line: 1, column: 1, reason: "empty"},
		{name: "only white space", text: "\n \n", line: 1, column: 1, reason: "empty"},
		{name: "only a byte order mark", text: byteOrderMark, line: 1, column: 1, reason: "empty"},
		{name: "UTF-16 little endian", text: utf16("\xff\xfe"), line: 1, column: 1, reason: "UTF-16"},
		{name: "UTF-16 without a mark", text: utf16(""), line: 1, column: 1, reason: "UTF-16"},
		{name: "array", text: "\n [1]", line: 2, column: 2, reason: "one JSON object"},
		{name: "string", text: `"{}"`, line: 1, column: 1, reason: "one JSON object"},
		{name: "number", text: `7`, line: 1, column: 1, reason: "one JSON object"},
		{name: "not JSON at all", text: "hostname=x", line: 1, column: 1, reason: "invalid character 'h'"},
		{name: "cut", text: "{\n  \"a\": tr", line: 2, column: 10, reason: "ends in the middle"},
		{name: "missing comma", text: "{\n  \"a\": 1\n  \"b\": 2\n}", line: 3, column: 3, reason: "invalid character"},
		{name: "trailing comma", text: "{\"a\": 1,}", line: 1, column: 8, reason: "invalid character ','"},
		{name: "comment", text: "{ // x\n}", line: 1, column: 3, reason: "invalid character '/'"},
		{name: "duplicate name", text: "{\"ü\":1,\n \"a\":1, \"\\u0061\":2}", line: 2, column: 9, reason: `the name "a" is there twice`},
		{name: "duplicate name inside", text: `{"os":{"x":1,"x":1}}`, line: 1, column: 14, reason: `the name "x" is there twice`},
		{name: "invalid UTF-8", text: "{\"a\":\"\xff\"}", line: 1, column: 7, reason: "UTF-8"},
		{name: "lone surrogate", text: `{"a":"\ud800"}`, line: 1, column: 7, reason: "surrogate"},
		{name: "NUL", text: "{\"a\":1}\x00", line: 1, column: 8, reason: "follows the closing }"},
		{name: "file of zeros", text: strings.Repeat("\x00", 512), line: 1, column: 1, reason: `\x00`},
		{name: "trailing junk", text: "{}\n\n x", line: 3, column: 2, reason: "follows the closing }"},
		{name: "second object", text: "{}{}", line: 1, column: 3, reason: "follows the closing }"},
		{name: "too deep", text: nested(maxDepth + 1), line: 1, column: 5*maxDepth + 1, reason: "nested deeper than 64"},
		{name: "far too deep", text: nested(10000), line: 1, column: 5*maxDepth + 1, reason: "nested deeper than 64"},
		{name: "arrays without end", text: `{"a":` + strings.Repeat("[", 100000), line: 1, column: maxDepth + 5, reason: "nested deeper than 64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Check([]byte(tt.text))
			if tt.line == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !errors.Is(err, ErrSyntax) {
				t.Fatalf("%v", err)
			}
			if syntax.Line != tt.line || syntax.Column != tt.column || !strings.Contains(syntax.Reason, tt.reason) {
				t.Errorf("%v; want line %d, column %d: %s", err, tt.line, tt.column, tt.reason)
			}
			if strings.ContainsFunc(err.Error(), breaksLine) {
				t.Errorf("%q is not one line", err)
			}
		})
	}
}

func TestCheckSize(t *testing.T) {
	full := `{"a":"` + strings.Repeat("x", MaxSize-8) + `"}`
	if err := Check([]byte(full)); err != nil {
		t.Error(err)
	}
	if err := Check([]byte(full + " ")); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
}

// TestLargestFile makes sure that a hostile file of the largest size costs little.
func TestLargestFile(t *testing.T) {
	var many bytes.Buffer
	many.WriteByte('{')
	for many.Len() < MaxSize-100 {
		many.WriteString(`"` + strings.Repeat("a", many.Len()%40) + string(rune('a'+many.Len()%26)) + `x` + time.Duration(many.Len()).String() + `":0,`)
	}
	many.WriteString(`"os":{}}`)
	start := time.Now()
	root, err := parse(many.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	evaluate(many.Bytes(), root, nil)
	t.Logf("%v for %d bytes", time.Since(start), many.Len())
}

// TestDamagedFixture cuts the fixture at every length and flips every byte of
// it: nothing panics, and what still parses is evaluated the same way twice.
func TestDamagedFixture(t *testing.T) {
	try := func(data []byte) {
		root, err := parse(data)
		if err != nil {
			return
		}
		_, _, first := evaluate(data, root, nil)
		_, _, second := evaluate(data, root, nil)
		if len(first) != len(second) {
			t.Errorf("%v, then %v", first, second)
		}
	}
	for n := range len(fixture) {
		if n < len(fixture)-1 && Check([]byte(fixture[:n])) == nil {
			t.Errorf("the first %d bytes parse", n)
		}
		for _, bit := range []byte{0x01, 0x20, 0x80} {
			bad := []byte(fixture)
			bad[n] ^= bit
			try(bad)
		}
	}
}
