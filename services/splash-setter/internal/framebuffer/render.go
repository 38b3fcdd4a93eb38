package framebuffer

import (
	"fmt"
	"image"
	"image/color"

	"golang.org/x/image/draw"
)

// A Mode is how a screen lies in memory.
type Mode struct {
	Width, Height    int // pixels
	FirstLine        int // the visible lines begin here
	Stride           int // bytes from one line to the next
	Bits             int // of a pixel
	Red, Green, Blue Field
	Packed           bool // one pixel after the other, no planes, no palette of grays
}

// A Field is where a colour lies in a pixel.
type Field struct{ Shift, Bits int }

// most is the largest screen that is drawn, in bytes: 8K at 32 bits.
const most = 7680 * 4320 * 4

// check refuses what Render could not draw, or not within memory.
func (m Mode) check() error {
	bytes := m.Bits / 8
	switch {
	case !m.Packed, m.Bits != 16 && m.Bits != 24 && m.Bits != 32:
	case m.Width < 1, m.Height < 1, m.Stride < m.Width*bytes, m.Stride*m.Height > most:
	case !m.Red.within(m.Bits), !m.Green.within(m.Bits), !m.Blue.within(m.Bits):
	default:
		return nil
	}
	return fmt.Errorf("%w: %+v", ErrUnsupported, m)
}

func (f Field) within(bits int) bool {
	return f.Bits >= 1 && f.Bits <= 8 && f.Shift >= 0 && f.Shift+f.Bits <= bits
}

// Pixels are the bytes of the visible lines of a screen.
type Pixels []byte

// render returns a screen of mode m that shows picture as large as it can be, with
// its proportions, in the middle of white.
func render(picture image.Image, m Mode) Pixels {
	if _, fast := picture.(*image.RGBA); !fast {
		copied := image.NewRGBA(picture.Bounds()) // it is scaled several times faster
		draw.Draw(copied, copied.Bounds(), picture, copied.Bounds().Min, draw.Src)
		picture = copied
	}
	canvas := image.NewRGBA(image.Rect(0, 0, m.Width, m.Height))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(canvas, place(picture.Bounds().Size(), m), picture, picture.Bounds(), draw.Over, nil)
	pixels := make([]byte, m.Stride*m.Height)
	for y := range m.Height {
		m.line(pixels[y*m.Stride:], canvas.Pix[y*canvas.Stride:])
	}
	return pixels
}

// place returns where a picture of that size goes.
func place(size image.Point, m Mode) image.Rectangle {
	width, height := m.Width, size.Y*m.Width/size.X
	if height > m.Height {
		width, height = size.X*m.Height/size.Y, m.Height
	}
	width, height = max(1, width), max(1, height)
	corner := image.Pt((m.Width-width)/2, (m.Height-height)/2)
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(width, height))}
}

// line makes a line of the screen from one of four bytes a pixel.
func (m Mode) line(to, from []byte) {
	bytes := m.Bits / 8
	for x := range m.Width {
		p := from[4*x:]
		pixel := m.Red.of(p[0]) | m.Green.of(p[1]) | m.Blue.of(p[2])
		for i := range bytes { // the least first, as every machine of ours has it
			to[x*bytes+i] = byte(pixel >> (8 * i))
		}
	}
}

// of puts the uppermost bits of a colour where they belong.
func (f Field) of(value byte) uint32 { return uint32(value) >> (8 - f.Bits) << f.Shift }
