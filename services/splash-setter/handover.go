package main

import (
	"context"
	"log/slog"
	"time"

	"resinos.io/services/splash-setter/internal/screen"
	"resinos.io/shared/layout"
)

// handoverTime is for all of it; the unit's own limit is longer.
const handoverTime = 30 * time.Second

// handover leaves the logo on the screen and the screen to whoever draws next.
func handover(root layout.Root, _ *slog.Logger) error {
	ctx, cancel := context.WithTimeout(context.Background(), handoverTime)
	defer cancel()
	return screen.Screen{Root: root}.HandOver(ctx)
}
