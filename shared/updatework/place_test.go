package updatework

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestParsePlace(t *testing.T) {
	for text, want := range map[string]Place{
		"/media/stick":          {Folder: "/media/stick"},
		"file:///media/stick":   {Folder: "/media/stick"},
		"http://example.org/":   {URL: "http://example.org"},
		"https://example.org/x": {URL: "https://example.org/x"},
	} {
		if got, err := ParsePlace(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "ftp://x", "relative", "file://host/x", "file:x", "http://", "http://[", "https:/x"} {
		if got, err := ParsePlace(text); !errors.Is(err, ErrPlace) || got != (Place{}) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func FuzzParsePlace(f *testing.F) {
	f.Add("http://example.org/")
	f.Add("file:///media/stick")
	f.Fuzz(func(t *testing.T, text string) {
		place, err := ParsePlace(text)
		switch {
		case err != nil && (!errors.Is(err, ErrPlace) || place != (Place{})):
			t.Errorf("%q: %+v, %v", text, place, err)
		case err == nil && (place.Folder == "") == (place.URL == ""):
			t.Errorf("%q is two places, or none: %+v", text, place)
		case place.Folder != "" && !filepath.IsAbs(place.Folder):
			t.Errorf("%q is the folder %q", text, place.Folder)
		}
	})
}
