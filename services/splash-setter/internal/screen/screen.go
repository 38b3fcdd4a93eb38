// Package screen is where Plymouth takes its picture from, Plymouth itself, and the
// frame buffer that has the picture when Plymouth is done.
//
// Plymouth's theme reads logo.png, a symbolic link to a copy in /run that only we
// write: Plymouth, which runs as root, never sees a file that was not checked. The copy
// stays there until the next boot, for the splash at shutdown. Without it the theme
// shows its own default.
//
// Promised: what an application drew on the frame buffer is never drawn over.
package screen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/layout"
)

const (
	copyPath    = "/run/resin-splash/logo.png"
	drawnPath   = "/run/resin-splash/drawn"
	bufferPath  = "/dev/fb0"
	defaultPath = "/usr/share/plymouth/themes/resin/default.png"
	// status makes the theme's script read its picture anew.
	status = "resin-logo"
)

// A Screen is Plymouth's picture on the device at Root.
type Screen struct{ Root layout.Root }

// Default returns the built-in logo.
func (s Screen) Default() ([]byte, error) {
	data, err := os.ReadFile(s.Root.Path(defaultPath))
	if err != nil {
		return nil, fmt.Errorf("cannot read the default logo: %w", err)
	}
	return data, nil
}

// Put makes png the picture that Plymouth reads, and reports whether that is
// another one than before.
func (s Screen) Put(png []byte) (changed bool, err error) {
	path := s.Root.Path(copyPath)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return false, fmt.Errorf("cannot hand the logo to Plymouth: %w", err)
	}
	now, err := os.ReadFile(path)
	if err == nil && bytes.Equal(now, png) {
		return false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("cannot hand the logo to Plymouth: %w", err)
	}
	return true, atomicfile.Write(path, png, 0o644)
}

// Show makes the screen show the picture that was put: through Plymouth while it
// runs, and else on the frame buffer, unless an application has drawn there. Where
// neither shows a picture of ours there is nothing to do, and no error.
func (s Screen) Show(ctx context.Context) error {
	if !s.plymouthRuns(ctx) {
		return s.redraw()
	}
	if err := s.plymouth(ctx, "update", "--status="+status); err != nil {
		return fmt.Errorf("cannot tell Plymouth of the new logo: %w", err)
	}
	return nil
}
