package config

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

const (
	goodKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
	badKey  = "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
)

// examples are values of a key: good, bad, and bad although the schema cannot tell.
type examples struct{ good, bad, beyond []string }

// keyCases lists JSON values for every key.
func keyCases() map[string]examples {
	long := func(n int) string { return `"` + strings.Repeat("a", n) + `"` }
	server := []string{`5`, `"1.1.1.1,8.8.8.8"`, `"1.1.1.1\n8.8.8.8"`, `"1.1.1.1\t8.8.8.8"`, `"a b\u0000"`, `"fe80::1%eth0"`, `"-a"`, `["1.1.1.1"]`}
	size := []string{`0`, `-1`, `1.5`}
	return map[string]examples{
		"/hostname": {
			good: []string{`"a"`, `"A-9"`, `"1234567"`, long(63)},
			bad:  []string{`""`, `"-a"`, `"a-"`, `"a.b"`, `"a_b"`, `"ü"`, `"a\n"`, `"a b"`, long(64), `7`, `null`, `true`, `[]`, `{}`},
		},
		"/uuid": {
			good: []string{`"0123456789abcdefABCDEF0123456789"`},
			bad:  []string{`""`, `"0123456789abcdefABCDEF012345678"`, `"0123456789abcdefABCDEF012345678g"`, `"0123456789abcdefABCDEF0123456789\n"`, `1`},
		},
		"/persistentLogging": {good: []string{`true`, `false`}, bad: []string{`"true"`, `1`, `null`, `[]`}},
		"/dnsServers": {
			good:   []string{`""`, `"null"`, `"1.1.1.1"`, `"1.1.1.1  8.8.8.8"`, `" ::1 2001:db8::1 "`, `" null "`},
			bad:    append([]string{`"dns.example"`, `"1.1.1"`, `"256.1.1.1"`, `"null 1.1.1.1"`}, server...),
			beyond: []string{`":::"`, `"1:2"`},
		},
		"/ntpServers": {
			good:   []string{`""`, `"null"`, `"0.pool.ntp.org 1.pool.ntp.org"`, `"10.0.0.1"`, `"2001:db8::1"`},
			bad:    append([]string{`"a..b"`, `"a_b"`, `"a/b"`}, server...),
			beyond: []string{`":::"`, `"` + strings.Repeat("abc.", 80) + `d"`},
		},
		"/country": {good: []string{`"DE"`, `"de"`}, bad: []string{`""`, `"D"`, `"DEU"`, `"D1"`, `"D\n"`, `49`}},
		"/os/network/connectivity/uri": {
			good:   []string{`"http://example.org"`, `"https://[::1]:8080/x?y=z"`},
			bad:    []string{`""`, `"example.org"`, `"ftp://example.org"`, `"file:///x"`, `"http://a b"`, `"http://a\n"`, `5`},
			beyond: []string{`"http:///x"`, `"http://a:b:c"`, `"http://%zz"`},
		},
		"/os/network/connectivity/interval": {
			good: []string{`1`, `300`, `"300"`, `3e2`, `300.0`, `604800`},
			bad:  []string{`0`, `-5`, `1.5`, `604801`, `1e30`, `""`, `"0"`, `"05"`, `"5s"`, `"5\n"`, `true`}, beyond: []string{`"604801"`},
		},
		"/os/network/rollbackAfter": {
			good: []string{`10`, `60`, `"90"`, `3600`},
			bad:  []string{`0`, `9`, `3601`, `-5`, `1.5`, `""`, `"1m"`, `true`}, beyond: []string{`"9"`, `"3601"`},
		},
		"/os/network/connectivity/response": {
			good: []string{`"NetworkManager is online"`, `"ü"`},
			bad:  []string{`""`, `"a\nb"`, `"a\u2028b"`, `"a\u0085b"`, long(257), `1`},
		},
		"/os/network/wifi/randomMacAddressScan": {good: []string{`true`, `false`}, bad: []string{`"yes"`, `0`}},
		"/os/sshKeys": {
			good:   []string{`[]`, `["` + goodKey + `"]`, `["` + goodKey + ` me@home, ü"]`},
			bad:    []string{`"` + goodKey + `"`, `[1]`, `["x"]`, `["` + goodKey + `\n"]`, `["command=\"x\" ` + goodKey + `"]`, `{}`},
			beyond: []string{`["` + badKey + `"]`, `["ssh-rsa AAAAAAAAAAA="]`},
		},
		"/os/update/url": {
			good:   []string{`"https://example.org/repo"`, `"http://10.0.0.1:8000/"`, `"file:///mnt/usb"`},
			bad:    []string{`""`, `"/mnt/usb"`, `"file://"`, `"https://"`, `"ssh://x"`, `"https://a\u0007"`, `1`},
			beyond: []string{`"https:///x"`},
		},
		"/os/update/channel": {good: []string{`"stable"`, `"2.x-beta_1"`}, bad: []string{`""`, `".a"`, `"A"`, `"a/b"`, `"a b"`, long(64), `1`}},
		"/os/update/auto":    {good: []string{`true`, `false`}, bad: []string{`"true"`, `1`}},
		"/os/update/window": {
			good: []string{`"02:00-04:30"`, `"23:00-01:00"`},
			bad:  []string{`""`, `"2:00-4:00"`, `"24:00-01:00"`, `"02:60-03:00"`, `"02:00"`, `"02:00-04:00\n"`, `1`},
		},
		"/os/logging/runtimeMaxUse": {
			good: []string{`"8M"`, `"1"`, `"512K"`, `"2G"`, `8388608`, `8e6`},
			bad:  append([]string{`""`, `"M"`, `"8MB"`, `"8m"`, `"-8M"`, `"8 M"`, `"08M"`, `9007199254740992`, `true`}, size...), beyond: []string{`"9999999999999999T"`},
		},
		"/os/logging/systemMaxUse": {good: []string{`"64M"`, `1`}, bad: append([]string{`"64MM"`}, size...)},
		"/supervisorImage": {
			good: []string{`"balena/amd64-supervisor:v14"`, `"registry.local:5000/a/b@sha256:00ff"`},
			bad:  []string{`""`, `"-v/:/host"`, `"a b"`, `"a\nb"`, `"a;b"`, long(256), `1`},
		},
		"/developmentMode": {bad: []string{`true`, `false`, `null`, `"x"`}},
	}
}

// TestKeys holds the table, the schema and keyCases against each other.
func TestKeys(t *testing.T) {
	schema := compileSchema(t)
	cases := keyCases()
	if len(cases) != len(keys()) {
		t.Errorf("%d keys have cases, %d are in the table", len(cases), len(keys()))
	}
	for _, k := range keys() {
		check := func(value string, inGo, inSchema bool) {
			d := newDocument()
			if err := d.splice(k.pointer, jsontext.Value(value)); err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			_, _, problems := evaluate(d.data, d.root, nil)
			if valid := len(problems) == 0; valid != inGo {
				t.Errorf("%s: %s: %v", k.pointer, value, problems)
			}
			for _, p := range problems {
				if !strings.HasPrefix(p.Pointer, k.pointer) || !strings.Contains(p.Reason, "; ") || strings.ContainsFunc(p.Reason, breaksLine) {
					t.Errorf("%s: %s: %q", k.pointer, value, p)
				}
			}
			instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.data))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(instance); (err == nil) != inSchema {
				t.Errorf("%s: %s: schema: %v", k.pointer, value, err)
			}
		}
		for _, v := range cases[k.pointer].good {
			check(v, true, true)
		}
		for _, v := range cases[k.pointer].bad {
			check(v, false, false)
		}
		for _, v := range cases[k.pointer].beyond {
			check(v, false, true)
		}
	}
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile(SchemaID)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestSchemaIsUpToDate(t *testing.T) {
	want, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("config.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("config.schema.json is not what the table of keys says; run go generate ./config")
	}
}

// TestSchemaAllowsOtherKeys makes sure that other programs' keys are valid.
func TestSchemaAllowsOtherKeys(t *testing.T) {
	instance, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"apiKey":"x","os":{"mine":[1],"network":{"x":null}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := compileSchema(t).Validate(instance); err != nil {
		t.Error(err)
	}
}

func TestValidHostnameAndUUID(t *testing.T) {
	for _, name := range []string{"a", "device-7", "0123456", strings.Repeat("x", 63)} {
		if err := ValidHostname(name); err != nil {
			t.Error(err)
		}
	}
	for i, name := range []string{"", "-", "a.", "a b", "\u212a", "a\x00", strings.Repeat("x", 64)} {
		if err := ValidHostname(name); err == nil {
			t.Errorf("%d: %q is valid", i, name)
		}
	}
	if err := ValidUUID(strings.Repeat("0", 31) + "x"); err == nil {
		t.Error("x is a digit")
	}
	if err := ValidUUID(fmt.Sprintf("%032x", 7)); err != nil {
		t.Error(err)
	}
}
