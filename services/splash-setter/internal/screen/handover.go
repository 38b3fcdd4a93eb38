package screen

import (
	"context"
	"fmt"

	"resinos.io/services/splash-setter/internal/framebuffer"
)

// HandOver draws the picture that was put on the frame buffer and ends Plymouth:
// the same picture stays on the screen, and an application that draws from now on is
// seen. On a device without a frame buffer Plymouth keeps the screen.
func (s Screen) HandOver(ctx context.Context) error {
	return s.onBuffer(func(buffer *framebuffer.Screen) error {
		pixels, err := s.render(buffer)
		if err != nil {
			return err
		}
		if err := s.draw(buffer, pixels); err != nil {
			return err
		}
		if !s.plymouthRuns(ctx) {
			return nil
		}
		if err := s.endPlymouth(ctx); err != nil {
			return fmt.Errorf("cannot end Plymouth: %w", err)
		}
		// The frame buffer has the screen again, which needs not have what was drawn when it had not.
		return s.draw(buffer, pixels)
	})
}
