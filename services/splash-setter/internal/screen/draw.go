package screen

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"

	"resinos.io/services/splash-setter/internal/framebuffer"
	"resinos.io/shared/atomicfile"
)

// redraw draws the picture that was put if the screen still holds what was drawn last.
func (s Screen) redraw() error {
	note, err := os.ReadFile(s.Root.Path(drawnPath))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was: the screen is somebody else's
	}
	if err != nil {
		return fmt.Errorf("cannot read what was drawn: %w", err)
	}
	return s.onBuffer(func(buffer *framebuffer.Screen) error {
		pixels, err := s.render(buffer)
		if err != nil {
			return err
		}
		// As late as can be: an application may begin meanwhile.
		if sum, err := buffer.Sum(); err != nil || !bytes.Equal(note, sum[:]) {
			return err
		}
		return s.draw(buffer, pixels)
	})
}

// onBuffer does something with the frame buffer, on a device that has one.
func (s Screen) onBuffer(do func(*framebuffer.Screen) error) error {
	buffer, err := framebuffer.Open(s.Root.Path(bufferPath))
	if errors.Is(err, framebuffer.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(do(buffer), buffer.Close())
}

// draw draws pixels and notes what the screen holds then.
func (s Screen) draw(buffer *framebuffer.Screen, pixels framebuffer.Pixels) error {
	sum, err := buffer.Draw(pixels)
	if err != nil {
		return err
	}
	return atomicfile.Write(s.Root.Path(drawnPath), sum[:], 0o644)
}

// render returns the picture that was put, as buffer takes it.
func (s Screen) render(buffer *framebuffer.Screen) (framebuffer.Pixels, error) {
	f, err := os.Open(s.Root.Path(copyPath))
	if err != nil {
		return nil, fmt.Errorf("cannot read the checked logo: %w", err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		return nil, fmt.Errorf("cannot read the checked logo: %w", err)
	}
	return buffer.Render(picture), nil
}
