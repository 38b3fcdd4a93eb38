// Package logo reads a picture that somebody else made and makes one of it that
// can be handed to a program which reads pictures as root.
//
// Promised: what [Decode] returns has been decoded whole, has the pixels of the
// original and none of its bytes: it is encoded anew, so no chunk, no checksum and no
// compressed stream of the original is left. Memory is bounded by [MaxBytes] and
// [MaxPixels] whatever the header says: 8 bytes a pixel at most, and only after
// the header was believed. The format is PNG, ISO/IEC 15948.
package logo

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"image/png"
)

// Limits of a logo: a screen of 3840 x 2160 fits.
const (
	MaxBytes  = 4 << 20
	MaxSide   = 4096
	MaxPixels = 9_000_000
)

// Errors of Decode.
var (
	ErrInvalid  = errors.New("not a sound PNG")
	ErrTooLarge = errors.New("too large")
)

// signature is what every PNG begins with.
const signature = "\x89PNG\r\n\x1a\n"

// A Logo is a picture that was checked.
type Logo struct {
	Width, Height int
	PNG           []byte            // made by us
	Of            [sha256.Size]byte // the original it was made from
}

// Decode checks data and returns the logo made from it. Errors wrap [ErrInvalid]
// or [ErrTooLarge].
func Decode(data []byte) (Logo, error) {
	if err := checkHeader(data); err != nil {
		return Logo{}, err
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return Logo{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var out bytes.Buffer
	// The copy lives in RAM and is read once or twice: little work, not few bytes.
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, picture); err != nil {
		return Logo{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	size := picture.Bounds().Size()
	return Logo{Width: size.X, Height: size.Y, PNG: out.Bytes(), Of: sha256.Sum256(data)}, nil
}

// Check is Decode for those who want to know only whether data is a logo.
func Check(data []byte) error {
	_, err := Decode(data)
	return err
}

// checkHeader holds the sizes against the limits before any pixel is decoded.
func checkHeader(data []byte) error {
	switch {
	case len(data) > MaxBytes:
		return fmt.Errorf("%w: more than %d MiB", ErrTooLarge, MaxBytes>>20)
	case len(data) == 0:
		return fmt.Errorf("%w: empty", ErrInvalid)
	case !bytes.HasPrefix(data, []byte(signature)):
		return fmt.Errorf("%w: it does not begin as one", ErrInvalid)
	}
	header, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if header.Width > MaxSide || header.Height > MaxSide || header.Width*header.Height > MaxPixels {
		return fmt.Errorf("%w: %d x %d pixels, at most %d each way and %d in all are shown",
			ErrTooLarge, header.Width, header.Height, MaxSide, MaxPixels)
	}
	return nil
}
