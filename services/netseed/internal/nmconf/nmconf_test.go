package nmconf

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

type manager struct {
	uri     string
	reloads int
	deaf    bool
	want    string
}

func (m *manager) Reload(context.Context) error {
	m.reloads++
	if !m.deaf {
		m.uri = m.want
	}
	return nil
}
func (m *manager) CheckURI(context.Context) (string, error) { return m.uri, nil }

func TestSet(t *testing.T) {
	root := layout.Root(t.TempDir())
	m := &manager{}
	f := New(root, m)
	set := func(c config.Network, running bool) error {
		m.want = c.Connectivity.URI
		return f.Set(t.Context(), c, running)
	}
	yes := true
	full := config.Network{
		RandomMACAddressScan: &yes,
		Connectivity:         config.Connectivity{URI: "http://a/b\\c", Interval: time.Minute, Response: " ok"},
	}
	if err := set(full, false); err != nil || m.reloads != 0 {
		t.Fatalf("%v, %d reloads without NetworkManager", err, m.reloads)
	}
	text, err := os.ReadFile(root.Path(file))
	const want = "# Made by netseed from config.json.\n[device]\nwifi.scan-rand-mac-address=yes\n" +
		"[connectivity]\nenabled=true\nuri=http://a/b\\\\c\ninterval=60\nresponse=\\sok\n"
	if err != nil || string(text) != want {
		t.Errorf("the file is %q, %v", text, err)
	}
	if err := set(full, true); err != nil || m.reloads != 0 {
		t.Errorf("%v, %d reloads: it has read the file at its start", err, m.reloads)
	}
	if err := set(config.Network{}, true); err != nil || m.reloads != 1 || m.uri != "" {
		t.Errorf("%v, %d reloads, uri %q", err, m.reloads, m.uri)
	}
	m.deaf = true
	for range 2 { // it is told until it hears
		if err := set(full, true); !errors.Is(err, ErrNotApplied) {
			t.Errorf("a deaf NetworkManager gives %v", err)
		}
	}
	if m.reloads != 3 {
		t.Errorf("%d reloads, want 3", m.reloads)
	}
}
