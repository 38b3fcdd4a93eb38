package framebuffer

import (
	"errors"
	"image"
	"image/color"
	"testing"
)

// modes are the forms of pixels that devices have.
func modes() map[string]Mode {
	return map[string]Mode{
		"32 bits":            {Width: 40, Height: 20, Stride: 160, Bits: 32, Red: Field{16, 8}, Green: Field{8, 8}, Blue: Field{0, 8}, Packed: true},
		"32 bits, red first": {Width: 40, Height: 20, Stride: 160, Bits: 32, Red: Field{0, 8}, Green: Field{8, 8}, Blue: Field{16, 8}, Packed: true},
		"24 bits, padded":    {Width: 40, Height: 20, Stride: 128, Bits: 24, Red: Field{16, 8}, Green: Field{8, 8}, Blue: Field{0, 8}, Packed: true},
		"16 bits":            {Width: 40, Height: 20, Stride: 80, Bits: 16, Red: Field{11, 5}, Green: Field{5, 6}, Blue: Field{0, 5}, Packed: true},
	}
}

// TestRender: a square goes into the middle of a wide screen, as high as it is.
func TestRender(t *testing.T) {
	picture := image.NewPaletted(image.Rect(0, 0, 3, 3), color.Palette{color.RGBA{0xff, 0x80, 0x08, 0xff}})
	for name, m := range modes() {
		t.Run(name, func(t *testing.T) {
			if err := m.check(); err != nil {
				t.Fatal(err)
			}
			pixels := render(picture, m)
			if len(pixels) != m.Stride*m.Height {
				t.Fatalf("%d bytes", len(pixels))
			}
			white := m.Red.of(0xff) | m.Green.of(0xff) | m.Blue.of(0xff)
			orange := m.Red.of(0xff) | m.Green.of(0x80) | m.Blue.of(0x08)
			for y := range m.Height {
				for x := range m.Width {
					want := white
					if x >= 10 && x < 30 {
						want = orange
					}
					if got := pixel(pixels, m, x, y); got != want {
						t.Fatalf("at %d,%d: %x, want %x", x, y, got, want)
					}
				}
			}
		})
	}
}

func pixel(pixels []byte, m Mode, x, y int) (value uint32) {
	for i := range m.Bits / 8 {
		value |= uint32(pixels[y*m.Stride+x*m.Bits/8+i]) << (8 * i)
	}
	return value
}

func TestPlace(t *testing.T) {
	screen := Mode{Width: 1280, Height: 800}
	for _, c := range []struct {
		size image.Point
		want image.Rectangle
	}{
		{image.Pt(30, 60), image.Rect(440, 0, 840, 800)},
		{image.Pt(200, 50), image.Rect(0, 240, 1280, 560)},
		{image.Pt(1, 1), image.Rect(240, 0, 1040, 800)},
		{image.Pt(4096, 1), image.Rect(0, 399, 1280, 400)},
		{image.Pt(1, 4096), image.Rect(639, 0, 640, 800)},
		{image.Pt(4096, 2000), image.Rect(0, 87, 1280, 712)},
	} {
		if got := place(c.size, screen); got != c.want {
			t.Errorf("%v goes to %v, want %v", c.size, got, c.want)
		}
	}
}

// TestCheck refuses what a driver may say and nobody can draw.
func TestCheck(t *testing.T) {
	for name, change := range map[string]func(*Mode){
		"a palette":           func(m *Mode) { m.Bits = 8 },
		"planes":              func(m *Mode) { m.Packed = false },
		"no size":             func(m *Mode) { m.Width = 0 },
		"short lines":         func(m *Mode) { m.Stride = 100 },
		"too large":           func(m *Mode) { m.Height = 1 << 24 },
		"deep colours":        func(m *Mode) { m.Red = Field{20, 10} },
		"a colour that isn't": func(m *Mode) { m.Blue = Field{} },
		"outside the pixel":   func(m *Mode) { m.Green = Field{28, 8} },
	} {
		m := modes()["32 bits"]
		change(&m)
		if err := m.check(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
