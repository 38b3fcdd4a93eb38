package main

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// TestEarly: whatever is on the boot partition, Plymouth gets a sound picture.
func TestEarly(t *testing.T) {
	var good bytes.Buffer
	if err := png.Encode(&good, image.NewGray(image.Rect(0, 0, 33, 44))); err != nil {
		t.Fatal(err)
	}
	var custom bytes.Buffer
	if err := png.Encode(&custom, image.NewGray(image.Rect(0, 0, 5, 6))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		custom []byte
		width  int
	}{
		"none": {nil, 33}, "good": {custom.Bytes(), 5}, "corrupt": {[]byte("\x89PNG\r\n\x1a\n garbage"), 33},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			put := func(path string, data []byte) {
				path = filepath.Join(root, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			put("usr/share/plymouth/themes/resin/default.png", good.Bytes())
			if c.custom != nil {
				put("mnt/boot/splash/resin-logo.png", c.custom)
			}
			if status := once("early", []string{"--root", root}, os.Stderr, early); status != 0 {
				t.Fatalf("exit status %d", status)
			}
			f, err := os.Open(filepath.Join(root, "run/resin-splash/logo.png"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if got, err := png.Decode(f); err != nil || got.Bounds().Dx() != c.width {
				t.Errorf("%v", err)
			}
		})
	}
	if status := once("early", []string{"--root", t.TempDir()}, os.Stderr, early); status != 1 {
		t.Errorf("without any logo the exit status is %d", status)
	}
}
