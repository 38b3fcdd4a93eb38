package logo_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"testing"

	"resinos.io/services/splash-setter/internal/logo"
)

func encode(t testing.TB, picture image.Image) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gradient(width, height int) *image.NRGBA {
	picture := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			picture.Set(x, y, color.NRGBA{uint8(x * 7), uint8(y * 5), uint8(x ^ y), uint8(255 - x%3)})
		}
	}
	return picture
}

// chunk is one chunk of a PNG with the right checksum.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// withHeader replaces the size in the header of a PNG.
func withHeader(data []byte, width, height uint32) []byte {
	header := bytes.Clone(data[16:29])
	binary.BigEndian.PutUint32(header, width)
	binary.BigEndian.PutUint32(header[4:], height)
	return append(append(bytes.Clone(data[:8]), chunk("IHDR", header)...), data[33:]...)
}

func TestDecode(t *testing.T) {
	text := append([]byte("Comment\x00\x00"), bytes.Repeat([]byte{0x78}, 1000)...)
	data := encode(t, gradient(30, 50))
	withText := append(append(bytes.Clone(data[:33]), chunk("zTXt", text)...), data[33:]...)
	got, err := logo.Decode(withText)
	if err != nil {
		t.Fatal(err)
	}
	if got.Width != 30 || got.Height != 50 {
		t.Errorf("%d x %d", got.Width, got.Height)
	}
	if bytes.Contains(got.PNG, []byte("zTXt")) {
		t.Error("a chunk of the original is in the copy")
	}
	picture, err := png.Decode(bytes.NewReader(got.PNG))
	if err != nil {
		t.Fatal(err)
	}
	for y := range 50 {
		for x := range 30 {
			if r, g, b, a := picture.At(x, y).RGBA(); [4]uint32{r, g, b, a} != rgba(gradient(30, 50).At(x, y)) {
				t.Fatalf("pixel %d,%d is another one", x, y)
			}
		}
	}
}

func rgba(c color.Color) [4]uint32 {
	r, g, b, a := c.RGBA()
	return [4]uint32{r, g, b, a}
}

func TestDecodeForms(t *testing.T) {
	bounds := image.Rect(0, 0, 5, 3)
	forms := map[string]image.Image{
		"gray": image.NewGray(bounds), "16 bit gray": image.NewGray16(bounds), "16 bit": image.NewNRGBA64(bounds),
		"palette": image.NewPaletted(bounds, color.Palette{color.Black, color.Transparent}),
		"opaque":  image.NewRGBA(bounds), "one pixel": gradient(1, 1), "a line": gradient(logo.MaxSide, 1),
	}
	for name, picture := range forms {
		if err := logo.Check(encode(t, picture)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := encode(t, gradient(40, 40))
	flipped := bytes.Clone(good)
	flipped[len(good)/2] ^= 1
	cases := map[string]struct {
		data []byte
		want error
	}{
		"empty":                {nil, logo.ErrInvalid},
		"text":                 {[]byte("<svg></svg>"), logo.ErrInvalid},
		"a JPEG":               {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), logo.ErrInvalid},
		"signature only":       {good[:8], logo.ErrInvalid},
		"half":                 {good[:len(good)/2], logo.ErrInvalid},
		"without its end":      {good[:len(good)-12], logo.ErrInvalid},
		"a bit flipped":        {flipped, logo.ErrInvalid},
		"4 MiB and a byte":     {append(bytes.Clone(good), make([]byte, logo.MaxBytes)...), logo.ErrTooLarge},
		"a bomb by its header": {withHeader(good, 60000, 60000), logo.ErrTooLarge},
		"too many pixels":      {withHeader(good, 4000, 4000), logo.ErrTooLarge},
		"too wide":             {withHeader(good, 4097, 1), logo.ErrTooLarge},
		"no width":             {withHeader(good, 0, 40), logo.ErrInvalid},
		"more rows than data":  {withHeader(good, 40, 41), logo.ErrInvalid},
		"more data than rows":  {withHeader(good, 40, 1), logo.ErrInvalid},
	}
	for name, c := range cases {
		if err := logo.Check(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// FuzzDecode: whatever comes in, what goes out is within the limits and decodes again.
func FuzzDecode(f *testing.F) {
	good := encode(f, gradient(8, 8))
	f.Add(good)
	f.Add(good[:len(good)-12])
	f.Add(withHeader(good, 1, 1))
	f.Add(encode(f, image.NewPaletted(image.Rect(0, 0, 3, 3), color.Palette{color.Black, color.White})))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := logo.Decode(data)
		if err != nil {
			return
		}
		again, err := logo.Decode(got.PNG)
		if err != nil || again.Width != got.Width || again.Height != got.Height {
			t.Fatalf("the copy is no logo: %v", err)
		}
		if got.Width*got.Height > logo.MaxPixels || got.Width < 1 || got.Height < 1 {
			t.Fatalf("%d x %d pixels", got.Width, got.Height)
		}
	})
}
