package ntp

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

const answer = "^,*,10.0.0.1,2,6,377,12,0.000001,0.000002,0.000003\n^,?,pool.example,0,6,0,4294967295,0,0,0\n^,?,pool.example,0,6,0,4294967295,0,0,0\n#,*,PPS0,0,4,377,1,0,0,0\n"

func TestParseSources(t *testing.T) {
	got, err := parseSources([]byte(answer))
	if want := []string{"10.0.0.1", "pool.example"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func FuzzParseSources(f *testing.F) {
	f.Add([]byte(answer))
	f.Add([]byte("^,\"a\nb\",c\n506 Cannot talk to daemon\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		servers, err := parseSources(text)
		if err != nil {
			return
		}
		for i, s := range servers {
			if s == "" || slices.Contains(servers[:i], s) {
				t.Errorf("%q gives %q", text, servers)
			}
		}
	})
}

func TestSet(t *testing.T) {
	root := t.TempDir()
	c := New(layout.Root(root))
	reloads := 0
	c.run = func(_ context.Context, args ...string) ([]byte, error) {
		if slices.Equal(args, []string{"reload", "sources"}) {
			reloads++
		}
		return nil, nil
	}
	set := func(owner config.Servers, dhcp ...string) bool {
		t.Helper()
		running, err := c.Set(t.Context(), owner, dhcp)
		if err != nil {
			t.Fatal(err)
		}
		return running
	}
	want := func(name, content string) { // "" is no file
		t.Helper()
		text, err := os.ReadFile(filepath.Join(root, folder, name))
		if string(text) != content || (err != nil) != (content == "") {
			t.Errorf("%s is %q, %v, want %q", name, text, err, content)
		}
	}
	if set(config.Servers{}, "10.0.0.1") {
		t.Error("chrony runs without its socket")
	}
	want("dhcp.sources", "server 10.0.0.1 iburst\n")
	if _, err := os.Stat(filepath.Join(root, folder, "default.sources")); err == nil {
		t.Error("the image's servers are hidden without a reason")
	}
	if err := os.MkdirAll(filepath.Dir(c.Socket()), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if !set(config.Servers{}, "10.0.0.1") || reloads != 1 { // it came meanwhile, and may have read before
		t.Errorf("reloads %d, want 1", reloads)
	}
	set(config.Servers{}, "10.0.0.1")
	if reloads != 1 {
		t.Error("it is reloaded although nothing changed")
	}
	set(config.Servers{Hosts: []string{"ntp.example", "2001:db8::1"}}, "evil\nserver 1.2.3.4", "10.0.0.1")
	want("config.sources", "pool ntp.example iburst maxsources 2\nserver 2001:db8::1 iburst\n")
	want("dhcp.sources", "server 10.0.0.1 iburst\n")
	want("default.sources", "# config.json has ntpServers\n")
	set(config.Servers{None: true})
	want("config.sources", "")
	want("dhcp.sources", "")
	want("default.sources", "# config.json has ntpServers\n")
	set(config.Servers{})
	if _, err := os.Stat(filepath.Join(root, folder, "default.sources")); err == nil {
		t.Error("the image's servers stay hidden")
	}
	if reloads != 4 {
		t.Errorf("reloads %d, want 4", reloads)
	}
}
