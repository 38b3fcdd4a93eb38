package splash_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/splash1"
	"resinos.io/services/splash-setter/internal/bootfile"
	"resinos.io/services/splash-setter/internal/descriptor"
	"resinos.io/services/splash-setter/internal/logo"
	"resinos.io/services/splash-setter/internal/screen"
	"resinos.io/services/splash-setter/internal/splash"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// picture is a PNG of that size.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// rig is a device in a directory, with a default logo of 16 x 9 and no Plymouth.
type rig struct {
	root layout.Root
	file bootfile.File
	*splash.Splash
	*splash.Methods
}

func newRig(t *testing.T) *rig {
	root := layout.Root(t.TempDir())
	theme := root.Path("/usr/share/plymouth/themes/resin")
	if err := os.MkdirAll(theme, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(theme, "default.png"), picture(t, 16, 9))
	if err := os.MkdirAll(filepath.Join(root.Boot(), "splash"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := bootfile.New(root)
	return &rig{
		root: root, file: file,
		Splash:  &splash.Splash{File: file, Screen: screen.Screen{Root: root}},
		Methods: &splash.Methods{File: file, Applied: func(context.Context) error { return nil }},
	}
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// expect applies and holds source, size, what is said and Plymouth's copy against what is wanted.
func (r *rig) expect(t *testing.T, source string, width, height int, problem string) {
	t.Helper()
	effective, err := r.Apply(t.Context(), config.Config{})
	if err != nil {
		t.Fatal(err)
	}
	v := effective.Values
	if v[splash1.PropertySource] != source || v[splash1.PropertyWidth] != uint32(width) || v[splash1.PropertyHeight] != uint32(height) {
		t.Errorf("shown: %v, want %s of %d x %d", v, source, width, height)
	}
	said, _ := v[splash1.PropertyProblem].(string)
	if (problem == "") != (said == "") || !strings.Contains(said, problem) || len(effective.Problems) != min(1, len(said)) {
		t.Errorf("problem %q (%v), want %q", said, effective.Problems, problem)
	}
	data, err := os.ReadFile(r.root.Path("/run/resin-splash/logo.png"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || got.Width != width || got.Height != height {
		t.Errorf("Plymouth reads %v, %v", got, err)
	}
}

func (r *rig) setLogo(t *testing.T, data []byte) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "png")
	write(t, path, data)
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return r.SetLogo(t.Context(), descriptorOf(t, f), nil)
}

// descriptorOf gives SetLogo a descriptor that is its own to close.
func descriptorOf(t *testing.T, f *os.File) dbus.UnixFD {
	t.Helper()
	fd, err := dup(int(f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return dbus.UnixFD(fd)
}

func TestApply(t *testing.T) {
	r := newRig(t)
	r.expect(t, "default", 16, 9, "")
	write(t, r.file.Path(), picture(t, 300, 200))
	r.expect(t, "custom", 300, 200, "")
	r.expect(t, "custom", 300, 200, "") // the same again
	write(t, r.file.Path(), picture(t, 300, 200)[:40])
	r.expect(t, "default", 16, 9, "not a sound PNG")
	write(t, r.file.Path(), picture(t, 20, 30))
	r.expect(t, "custom", 20, 30, "")
	if err := os.Remove(r.file.Path()); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "default", 16, 9, "")
}

// TestNoFile puts things there that are no picture and no file.
func TestNoFile(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"a folder": func(path string) error { return os.Mkdir(path, 0o755) },
		"a pipe":   mkfifo,
		"a device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"10 MiB":   func(path string) error { return os.WriteFile(path, make([]byte, 10<<20), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			if err := put(r.file.Path()); err != nil {
				t.Fatal(err)
			}
			r.expect(t, "default", 16, 9, "the default logo is shown")
		})
	}
}

func TestNoDefault(t *testing.T) {
	r := newRig(t)
	if err := os.Remove(r.root.Path("/usr/share/plymouth/themes/resin/default.png")); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Apply(t.Context(), config.Config{}); err == nil {
		t.Error("no logo at all is no error")
	}
	write(t, r.file.Path(), picture(t, 3, 4))
	r.expect(t, "custom", 3, 4, "")
}

func TestSetLogo(t *testing.T) {
	r := newRig(t)
	if err := r.setLogo(t, picture(t, 7, 8)); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "custom", 7, 8, "")
	if err := r.setLogo(t, picture(t, 9, 9)); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "custom", 9, 9, "")
	for range 2 { // the second time there is none
		if err := r.ResetLogo(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.expect(t, "default", 16, 9, "")
	}
}

// TestSetLogoOverRubbish sets a logo where something else stands in its place.
func TestSetLogoOverRubbish(t *testing.T) {
	r := newRig(t)
	write(t, r.file.Path(), make([]byte, 10<<20))
	if err := r.setLogo(t, picture(t, 7, 8)); err != nil {
		t.Fatal(err)
	}
	r.expect(t, "custom", 7, 8, "")
}

func TestSetLogoRefuses(t *testing.T) {
	r := newRig(t)
	write(t, r.file.Path(), picture(t, 5, 5))
	if err := r.setLogo(t, picture(t, 5, 5)[:30]); !errors.Is(err, logo.ErrInvalid) {
		t.Errorf("half a picture: %v", err)
	}
	if err := r.setLogo(t, make([]byte, logo.MaxBytes+1)); !errors.Is(err, descriptor.ErrTooLarge) {
		t.Errorf("too much: %v", err)
	}
	option := map[string]dbus.Variant{"quietly": dbus.MakeVariant(true)}
	if err := r.SetLogo(t.Context(), -1, option); !errors.Is(err, bus.ErrInvalidArgs) {
		t.Errorf("an unknown option: %v", err)
	}
	r.expect(t, "custom", 5, 5, "") // as it was
}

// TestDescriptors: a call that succeeds closes the descriptor, one that fails leaves
// that to package bus.
func TestDescriptors(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		data []byte
		open bool
	}{{picture(t, 4, 4), false}, {[]byte("no PNG"), true}} {
		path := filepath.Join(t.TempDir(), "png")
		write(t, path, c.data)
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		fd := descriptorOf(t, f)
		_ = r.SetLogo(t.Context(), fd, nil) // its errors are another test's
		if got := isOpen(int(fd), f); got != c.open {
			t.Errorf("after %d bytes the descriptor is open: %v", len(c.data), got)
		}
		f.Close()
	}
}

// TestNoBootPartition: without the partition the default logo is there, and a
// logo that cannot be written is an error with a name.
func TestNoBootPartition(t *testing.T) {
	r := newRig(t)
	if err := os.RemoveAll(r.root.Boot()); err != nil {
		t.Fatal(err)
	}
	write(t, r.root.Boot(), nil) // a file: no folder can be made there
	if err := r.setLogo(t, picture(t, 4, 4)); !errors.Is(err, bootfile.ErrNotWritten) {
		t.Errorf("%v", err)
	}
}
