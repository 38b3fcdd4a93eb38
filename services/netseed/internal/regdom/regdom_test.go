package regdom

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/shared/layout"
)

func TestSet(t *testing.T) {
	root := t.TempDir()
	d := New(layout.Root(root))
	kernel, stubborn, calls := "00", false, 0
	d.run = func(_ context.Context, args ...string) ([]byte, error) {
		calls++
		if args[1] == "set" && !stubborn {
			kernel = args[2]
		}
		return []byte("global\ncountry " + kernel + ": DFS-ETSI\n\t(2400 - 2483 @ 40), (N/A, 20), (N/A)\n\nphy#0\ncountry US: DFS-FCC\n"), nil
	}
	set := func(country, want string) {
		t.Helper()
		if err := d.Set(t.Context(), country); err != nil || kernel != want {
			t.Errorf("%q gives %s, %v, want %s", country, kernel, err, want)
		}
	}
	set("DE", "00")
	if calls != 0 {
		t.Error("iw is called without a radio")
	}
	if err := os.MkdirAll(filepath.Join(root, "sys/class/ieee80211/phy0"), 0o755); err != nil {
		t.Fatal(err)
	}
	set("", "00")
	if calls != 0 {
		t.Error("iw is called although nobody ever asked for a country")
	}
	set("DE", "DE")
	set("DE", "DE")
	set("", "00")
	stubborn = true
	if err := d.Set(t.Context(), "FR"); !errors.Is(err, ErrNotApplied) || !strings.Contains(err.Error(), "00") {
		t.Errorf("a kernel that refuses gives %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("global\ncountry DE: DFS-ETSI\n"))
	f.Add([]byte("country 98: (intersect)\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if c := parse(text); c != "" && len(c) != 2 {
			t.Errorf("%q gives %q", text, c)
		}
	})
}
