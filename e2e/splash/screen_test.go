//go:build vm

package splash

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Colours of the test's logos, which no other picture here has.
var (
	magenta = color.RGBA{200, 0, 200, 255}
	green   = color.RGBA{0, 160, 40, 255}
	white   = color.RGBA{255, 255, 255, 255}
	// teal is the default logo's.
	teal = color.RGBA{20, 120, 140, 255}
)

// logo is a PNG of one colour.
func logo(t *testing.T, width, height int, c color.Color) []byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{c})
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A dumper takes pictures of a machine's screen.
type dumper interface {
	Screendump(ctx context.Context, file string) error
}

// A screen is a picture of one.
type screen struct {
	width, height int
	pixels        []byte // three bytes each
}

func (s screen) at(x, y int) color.RGBA {
	p := s.pixels[3*(y*s.width+x):]
	return color.RGBA{p[0], p[1], p[2], 255}
}

// share returns how much of the screen has the colour c, in percent.
func (s screen) share(c color.RGBA) int {
	n := 0
	for i := 0; i < len(s.pixels); i += 3 {
		if near(color.RGBA{s.pixels[i], s.pixels[i+1], s.pixels[i+2], 255}, c) {
			n++
		}
	}
	return 100 * n / max(1, s.width*s.height)
}

// near reports whether two colours are the same to the eye: Plymouth dithers.
func near(a, b color.RGBA) bool {
	const most = 6
	apart := func(x, y uint8) int { return max(int(x), int(y)) - min(int(x), int(y)) }
	return apart(a.R, b.R) <= most && apart(a.G, b.G) <= most && apart(a.B, b.B) <= most
}

// box returns the smallest rectangle with every pixel of the colour c.
func (s screen) box(c color.RGBA) image.Rectangle {
	var box image.Rectangle
	for y := range s.height {
		for x := range s.width {
			if near(s.at(x, y), c) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

func (s screen) String() string {
	return fmt.Sprintf("%d x %d: white %d %%, teal %d %%, magenta %d %%, green %d %%, black %d %%", s.width, s.height,
		s.share(white), s.share(teal), s.share(magenta), s.share(green), s.share(color.RGBA{0, 0, 0, 255}))
}

// take takes a picture of m's screen.
func take(t *testing.T, m dumper) screen {
	t.Helper()
	s, err := tryTake(t, m)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tryTake(t *testing.T, m dumper) (screen, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	file := filepath.Join(t.TempDir(), "screen.ppm")
	if err := m.Screendump(ctx, file); err != nil {
		return screen{}, err
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return screen{}, err
	}
	var s screen
	in := bytes.NewReader(data)
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n255\n", &s.width, &s.height); err != nil {
		return screen{}, fmt.Errorf("QEMU's picture is none: %w", err)
	}
	if s.pixels, err = io.ReadAll(in); err != nil || len(s.pixels) != 3*s.width*s.height {
		return screen{}, fmt.Errorf("QEMU's picture has %d bytes: %w", len(s.pixels), err)
	}
	return s, nil
}

// await takes pictures until right says so, for at most limit, and returns the last.
func await(t *testing.T, m dumper, limit time.Duration, what string, right func(screen) bool) screen {
	t.Helper()
	var s screen
	for start := time.Now(); ; time.Sleep(300 * time.Millisecond) {
		if s = take(t, m); right(s) {
			return s
		}
		if time.Since(start) > limit {
			break
		}
	}
	t.Fatalf("%s: not on the screen after %v; it is %v", what, limit, s)
	return s
}
