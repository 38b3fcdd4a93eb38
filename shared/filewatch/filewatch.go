// Package filewatch says that a file, or some file of a folder, may have changed: it
// was written, replaced, removed, or the partition it is on came or went. Whoever is
// told reads and compares.
//
// Nothing runs while nothing happens. A change through a memory mapping makes no
// event. How long to wait until a writer is done is the caller's to decide.
package filewatch

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/fsnotify/fsnotify"
)

// A Watch is of one file, or of all in a folder. It watches the directory, because
// files are replaced by rename; the mount table, because a mount over the directory
// makes no inotify event; and as long as the directory is not there, the nearest
// directory above.
type Watch struct {
	dir, base string // base is "" for all files
	log       *slog.Logger
	events    chan struct{} // of capacity 1: events that nobody has taken are one
}

// New returns a watch of file; [Watch.Run] begins to watch.
func New(file string, log *slog.Logger) *Watch {
	dir, base := filepath.Split(filepath.Clean(file))
	return &Watch{filepath.Clean(dir), base, log, make(chan struct{}, 1)}
}

// Folder returns a watch of every file that dir has or will have, but not of those in
// folders below it.
func Folder(dir string, log *slog.Logger) *Watch {
	return &Watch{filepath.Clean(dir), "", log, make(chan struct{}, 1)}
}

// Events tells that the file may have changed. Events that nobody has taken are one.
func (n *Watch) Events() <-chan struct{} { return n.events }

// Run sends events, one at the start, until ctx is done. It fails only if not even the root
// directory can be watched.
func (n *Watch) Run(ctx context.Context) error {
	mounts := make(chan struct{}, 1)
	go func() {
		if err := watchMounts(ctx, mounts); err != nil {
			n.log.Warn("mounts are not watched", "error", err)
		}
	}()
	for ctx.Err() == nil {
		if err := n.watch(ctx, mounts); err != nil {
			return fmt.Errorf("cannot watch %s: %w", n.dir, err)
		}
	}
	return ctx.Err()
}

// watch sends events until the watch must be made anew or ctx is done.
func (n *Watch) watch(ctx context.Context, mounts <-chan struct{}) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	watched, err := n.arm(w)
	if err != nil {
		return err
	}
	send(n.events) // whatever happened while nothing was watched
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-mounts:
			return nil
		case <-w.Errors: //nolint:errcheck // such as a queue that ran over: all is looked at anew
			return nil
		case event, ok := <-w.Events:
			if !ok || n.moved(event, watched) {
				return nil
			}
			if n.ours(event.Name) && event.Op != fsnotify.Chmod {
				send(n.events)
			}
		}
	}
}

// arm watches the directory or the nearest one above, and returns which.
func (n *Watch) arm(w *fsnotify.Watcher) (string, error) {
	for dir := n.dir; ; dir = filepath.Dir(dir) {
		err := w.Add(dir)
		if err == nil && dir != n.dir {
			// The directory may have come since it was looked for.
			if again := w.Add(n.dir); again == nil {
				dir = n.dir
			}
		}
		if err == nil || dir == filepath.Dir(dir) {
			return dir, err
		}
	}
}

// moved reports whether event means that another directory is to be watched.
func (n *Watch) moved(event fsnotify.Event, watched string) bool {
	if watched == n.dir {
		return event.Name == n.dir && (event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename))
	}
	onTheWay := event.Name == watched || event.Name == n.dir || strings.HasPrefix(n.dir, event.Name+"/")
	return onTheWay && event.Op != fsnotify.Chmod
}

// ours reports whether path is the file, or one of the folder's.
func (n *Watch) ours(path string) bool {
	return filepath.Dir(path) == n.dir && (n.base == "" || filepath.Base(path) == n.base)
}

// send sends on a channel of capacity 1, unless something is waiting there.
func send(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
