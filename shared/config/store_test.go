package config

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newStore returns a Store in a new directory, in which file holds text if it is not "".
func newStore(t testing.TB, text string) *Store {
	t.Helper()
	dir := t.TempDir()
	s := NewStore(filepath.Join(dir, "config.json"), filepath.Join(dir, "state.json"), slog.New(slog.DiscardHandler))
	if text != "" {
		put(t, s.file, text)
	}
	return s
}

// reboot returns a new Store for the same files.
func (s *Store) reboot() *Store { return NewStore(s.file, s.lastGood, s.log) }

func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// want checks what a snapshot says in a few words: source, host name, problems.
func (s Snapshot) want(t testing.TB, source Source, hostname string, problems ...string) {
	t.Helper()
	if s.Source != source || s.Config.Hostname != hostname || len(s.Problems) != len(problems) {
		t.Errorf("%s %q %q, want %s %q %q", s.Source, s.Config.Hostname, s.Problems, source, hostname, problems)
		return
	}
	for i, p := range s.Problems {
		if text := p.Pointer + ": " + p.Reason; !strings.Contains(text, problems[i]) {
			t.Errorf("problem %q, want %q", text, problems[i])
		}
	}
}

func TestLoadEveryKey(t *testing.T) {
	s := newStore(t, `{
		"hostname": "pi", "uuid": "0123456789abcdef0123456789abcdef", "persistentLogging": true,
		"dnsServers": "null", "ntpServers": "a.example 10.0.0.1", "country": "de", "unknown": [1],
		"os": {
			"network": {"connectivity": {"uri": "http://example.org", "interval": "60", "response": "ok"}, "wifi": {"randomMacAddressScan": false}, "rollbackAfter": 90},
			"sshKeys": ["`+goodKey+`"],
			"update": {"url": "file:///repo", "channel": "stable", "auto": true, "window": "23:00-01:30"},
			"logging": {"runtimeMaxUse": "16M", "systemMaxUse": 1048576}
		},
		"supervisorImage": "a/b:1"
	}`)
	no := false
	want := Config{
		Hostname: "pi", UUID: "0123456789abcdef0123456789abcdef", PersistentLogging: true,
		DNSServers: Servers{None: true}, NTPServers: Servers{Hosts: []string{"a.example", "10.0.0.1"}}, Country: "DE",
		Network: Network{Connectivity{"http://example.org", time.Minute, "ok"}, &no, 90 * time.Second},
		SSHKeys: []string{goodKey},
		Update:  Update{"file:///repo", "stable", true, &Window{23 * time.Hour, 90 * time.Minute}},
		Logging: Logging{16 << 20, 1 << 20}, SupervisorImage: "a/b:1",
	}
	for range 2 { // the second time out of the last good copy
		got := s.Load()
		if !reflect.DeepEqual(got.Config, want) || len(got.Problems) > 0 && got.Source == FromFile {
			t.Errorf("%+v\nwant %+v", got, want)
		}
		put(t, s.file, "{")
		s = s.reboot()
	}
	if copied := get(t, s.lastGood); strings.Contains(copied, "unknown") {
		t.Errorf("the copy has other programs' keys: %s", copied)
	}
	if info, err := os.Stat(s.lastGood); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestLoadFaults breaks a good file in every way: the last good configuration
// stays, in this run and after a reboot, and the fault is told.
func TestLoadFaults(t *testing.T) {
	replace := func(make func(path string) error) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			t.Helper()
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := make(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) { t.Helper(); put(t, path, text) }
	}
	tests := []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		{"syntax", text("{\n  \"hostname\": x\n}"), ": cannot read config.json: it does not parse: line 2, column 15"},
		{"empty", text(""), "line 1, column 1: the file is empty"},
		{"UTF-16", text("\xff\xfe{\x00}\x00"), "UTF-16"},
		{"10 MB of garbage", text(strings.Repeat("x", 10<<20)), "larger than 1 MiB"},
		{"missing", replace(func(string) error { return nil }), "it is not there"},
		{"directory", replace(func(p string) error { return os.Mkdir(p, 0o700) }), "not a regular file"},
		{"fifo", replace(func(p string) error { return unix.Mkfifo(p, 0o600) }), "not a regular file"},
		{"dangling link", replace(func(p string) error { return os.Symlink("nowhere", p) }), "it is not there"},
		{"directory gone", func(t *testing.T, path string) {
			if err := os.Rename(filepath.Dir(path), filepath.Dir(path)+".away"); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Rename(filepath.Dir(path)+".away", filepath.Dir(path)) })
		}, "it is not there"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStore(t, "")
			s.lastGood = filepath.Join(t.TempDir(), "config.last-good.json")
			s.file = filepath.Join(t.TempDir(), "boot", "config.json")
			if err := os.Mkdir(filepath.Dir(s.file), 0o700); err != nil {
				t.Fatal(err)
			}
			put(t, s.file, `{"hostname":"good"}`)
			s.Load().want(t, FromFile, "good")
			tt.spoil(t, s.file)
			s.Load().want(t, FromLastGood, "good", tt.want)
			s.reboot().Load().want(t, FromLastGood, "good", tt.want+"")
			fresh := NewStore(s.file, filepath.Join(t.TempDir(), "none"), s.log)
			fresh.Load().want(t, FromDefaults, "", tt.want)
			if _, err := os.Stat(fresh.lastGood); err == nil {
				t.Error("defaults were kept as good")
			}
		})
	}
}

func TestLoadBadKeyFallsBackAlone(t *testing.T) {
	s := newStore(t, `{"hostname":"good","country":"DE"}`)
	s.Load().want(t, FromFile, "good")
	put(t, s.file, `{"hostname":"-bad-","country":"FR","os":5}`)
	got := s.Load()
	got.want(t, FromFile, "good", `/hostname: not a valid host name: a hyphen at its beginning or end; the last good value "good" is used`, "/os: it must be an object, not a number")
	if got.Config.Country != "FR" {
		t.Errorf("country %q", got.Config.Country)
	}
	s = s.reboot()
	s.Load().want(t, FromFile, "good", "/hostname", "/os")

	put(t, s.file, `{"country":"FR"}`) // removed is removed
	s.Load().want(t, FromFile, "")
	put(t, s.file, `{"hostname":"-bad-"}`)
	s.Load().want(t, FromFile, "", "; the default is used")
}

func TestLoadKeepsKeysBelowABadObject(t *testing.T) {
	s := newStore(t, `{"os":{"update":{"auto":true,"channel":"x"},"logging":{"runtimeMaxUse":"1M"}}}`)
	s.Load()
	put(t, s.file, `{"os":{"update":[],"logging":{}}}`)
	got := s.Load()
	got.want(t, FromFile, "", "/os/update: it must be an object, not an array")
	if !got.Config.Update.Auto || got.Config.Logging.RuntimeMaxUse != defaultRuntimeMaxUse {
		t.Errorf("%+v", got.Config)
	}
}

func TestLoadLeavesOutBadSSHKeys(t *testing.T) {
	s := newStore(t, `{"os":{"sshKeys":["`+badKey+`","`+goodKey+`",7]}}`)
	for range 2 {
		got := s.Load()
		got.want(t, FromFile, "", "/os/sshKeys/0: the key is not of the type it says; this key is left out", "/os/sshKeys/2: it must be a string, not a number")
		if len(got.Config.SSHKeys) != 1 {
			t.Errorf("%q", got.Config.SSHKeys)
		}
		s = s.reboot()
	}
}

func TestLoadDevelopmentMode(t *testing.T) {
	newStore(t, `{"developmentMode":true,"hostname":"a"}`).Load().want(t, FromFile, "a", "/developmentMode: it is not honoured")
}

func TestLoadDamagedLastGood(t *testing.T) {
	t.Run("with a good file", func(t *testing.T) {
		s := newStore(t, `{"hostname":"a"}`)
		put(t, s.lastGood, "{")
		s.Load().want(t, FromFile, "a", ": the last good copy could not be read: it does not parse: line 1, column 2")
		s.Load().want(t, FromFile, "a") // it was written anew
		s.reboot().Load().want(t, FromFile, "a")
	})
	t.Run("with a bad file", func(t *testing.T) {
		s := newStore(t, `{`)
		put(t, s.lastGood, "[]")
		s.Load().want(t, FromDefaults, "", "cannot read config.json", "the last good copy could not be read")
	})
	t.Run("with a value that is no longer valid", func(t *testing.T) {
		s := newStore(t, `{`)
		put(t, s.lastGood, `{"hostname":"a b","country":"DE"}`)
		if got := s.Load(); got.Source != FromLastGood || got.Config.Hostname != "" || got.Config.Country != "DE" {
			t.Errorf("%+v", got)
		}
	})
	t.Run("nowhere to keep it", func(t *testing.T) {
		s := newStore(t, `{"hostname":"a"}`)
		s.lastGood = filepath.Join(t.TempDir(), "no", "dir")
		s.Load().want(t, FromFile, "a", "cannot be kept")
		put(t, s.file, "{")
		s.Load().want(t, FromLastGood, "a", "cannot read config.json") // in memory at least
	})
}

// TestLoadWritesOnlyChanges makes sure that an idle device writes nothing.
func TestLoadWritesOnlyChanges(t *testing.T) {
	s := newStore(t, `{"hostname":"a"}`)
	s.Load()
	before, err := os.Stat(s.lastGood)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s.file, `{ "hostname" : "a", "others": 1 }`)
	s.Load()
	s.reboot().Load()
	after, err := os.Stat(s.lastGood)
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the copy was written again (%v)", err)
	}
	entries, err := os.ReadDir(filepath.Dir(s.lastGood))
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
}

func TestProblemsAreInOrder(t *testing.T) {
	const text = `{"supervisorImage":1,"os":{"logging":1,"update":{"window":1,"url":1}},"uuid":1,"hostname":1,"developmentMode":1}`
	var first string
	for range 20 {
		s := newStore(t, text)
		s.lastGood = ""
		now := fmt.Sprint(s.Load().Problems)
		if first == "" {
			first = now
		}
		if now != first {
			t.Fatalf("%s\n%s", first, now)
		}
	}
}

// FuzzLoad reads any file over a good one: nothing panics, a file that does not
// parse changes nothing, and the copy that is kept gives the same again.
func FuzzLoad(f *testing.F) {
	f.Add([]byte(fixture))
	f.Add([]byte(`{"hostname":"-","os":{"sshKeys":["x"],"update":[]}}`))
	f.Add([]byte("\xef\xbb\xbf{}"))
	f.Add([]byte(strings.Repeat("[", 100)))
	for _, c := range keyCases() {
		for _, value := range append(c.good, c.bad...) {
			f.Add([]byte(`{"hostname":` + value + `,"os":{"update":{"url":` + value + `},"logging":` + value + `}}`))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, err := parse(data)
		if err != nil {
			return
		}
		config, inForce, problems := evaluate(data, root, nil)
		_, _, again := evaluate(data, root, nil)
		if !reflect.DeepEqual(problems, again) {
			t.Fatalf("%v, then %v", problems, again)
		}
		text := inForce.document()
		root, err = parse(text)
		if err != nil {
			t.Fatalf("%v: %q", err, text)
		}
		kept, inForce2, _ := evaluate(text, root, nil)
		if !reflect.DeepEqual(config, kept) || !bytes.Equal(inForce2.document(), text) {
			t.Fatalf("%+v was kept as %+v", config, kept)
		}
	})
}
