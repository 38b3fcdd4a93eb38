// Package framebuffer draws one picture on the first screen of the kernel's frame
// buffer, and tells whether it is still what the screen holds.
//
// Promised: a picture is drawn whole, as large as the screen lets it with its
// proportions, in the middle of white; what is outside of the visible lines is left
// alone. Not promised: that anybody sees it. A program that is master of the
// graphics card (DRM) has the screen, and the frame buffer shows again when it ends.
// The format is that of Linux's linux/fb.h: packed pixels of 16, 24 or 32 bits.
package framebuffer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Errors of Open.
var (
	ErrNone = errors.New("there is no frame buffer")
	// ErrUnsupported is for pixels of a form that is not drawn.
	ErrUnsupported = errors.New("a frame buffer of this kind is not supported")
)

// A Screen is an open frame buffer.
type Screen struct {
	file *os.File
	mode Mode
}

// A Sum tells what a screen holds from what it held before.
type Sum [sha256.Size]byte

// Open opens the frame buffer at path, such as /dev/fb0. A device without a screen
// has none.
func Open(path string) (*Screen, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) {
		return nil, fmt.Errorf("cannot open %s: %w", path, ErrNone)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot open the frame buffer: %w", err)
	}
	mode, err := modeOf(file)
	if err == nil {
		err = mode.check()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("cannot use the frame buffer: %w", err), file.Close())
	}
	return &Screen{file: file, mode: mode}, nil
}

// Close closes the frame buffer; what was drawn stays.
func (s *Screen) Close() error { return s.file.Close() }

// Render returns what [Screen.Draw] draws to show picture.
func (s *Screen) Render(picture image.Image) Pixels { return render(picture, s.mode) }

// Draw draws pixels and returns the sum of what the screen holds then.
func (s *Screen) Draw(pixels Pixels) (Sum, error) {
	if _, err := s.file.WriteAt(pixels, s.start()); err != nil {
		return Sum{}, fmt.Errorf("cannot draw: %w", err)
	}
	return s.Sum()
}

// Sum reads what the screen holds.
func (s *Screen) Sum() (Sum, error) {
	h := sha256.New()
	visible := io.NewSectionReader(s.file, s.start(), int64(s.mode.Stride*s.mode.Height))
	if _, err := io.Copy(h, visible); err != nil {
		return Sum{}, fmt.Errorf("cannot read the screen: %w", err)
	}
	return Sum(h.Sum(nil)), nil
}

// start is where the first visible line begins.
func (s *Screen) start() int64 { return int64(s.mode.Stride * s.mode.FirstLine) }
