package bootfile

import (
	"context"
	"log/slog"
	"time"

	"resinos.io/shared/filewatch"
)

// quiet is how long the file must rest: half a copied picture is not a bad one.
const quiet = 500 * time.Millisecond

// Watch calls changed, from a goroutine of its own, each time the file or its
// partition has changed and rested for half a second, until ctx ends.
func (f File) Watch(ctx context.Context, log *slog.Logger, changed func()) {
	filewatch.Follow(ctx, log, filewatch.Pace{Quiet: quiet}, changed, filewatch.New(f.path, log))
}
