// Package watch tells that something in one of a few folders may have changed,
// after a moment of quiet: files arrive in pieces.
//
// A folder may be missing, come, go, and be mounted over. Nothing runs while
// nothing happens.
package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

const (
	quiet     = 400 * time.Millisecond // how long nothing must happen
	quietMost = 3 * time.Second        // how long a busy writer can put that off
	mounts    = "/proc/self/mountinfo"
)

// Folders calls changed, from a goroutine of its own, after changes in the folders
// until ctx ends, but for changes of the paths that ignored is true for. It returns
// at once.
func Folders(ctx context.Context, folders []string, ignored func(path string) bool, changed func()) error {
	mounted, err := watchMounts(ctx)
	if err != nil {
		return fmt.Errorf("cannot watch mounts: %w", err)
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch folders: %w", err)
	}
	arm(w, folders)
	go func() {
		defer w.Close()
		run(ctx, w, folders, mounted, ignored, changed)
	}()
	return nil
}

func run(ctx context.Context, w *fsnotify.Watcher, folders []string, mounted <-chan struct{},
	ignored func(string) bool, changed func(),
) {
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	var latest time.Time // when to tell although events keep coming; zero if none came
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			latest = time.Time{}
			rearm(w, folders) // a folder may have come, or be another one of the same name
			changed()
			continue
		case <-mounted:
			rearm(w, folders)
		case <-w.Errors: //nolint:errcheck // such as a queue that ran over: all is looked at anew
		case event := <-w.Events:
			if event.Op == fsnotify.Chmod || ignored(event.Name) {
				continue
			}
		}
		if latest.IsZero() {
			latest = time.Now().Add(quietMost)
		}
		timer.Reset(min(quiet, time.Until(latest)))
	}
}

// arm watches every folder, or the nearest one above it that is there.
func arm(w *fsnotify.Watcher, folders []string) {
	for _, folder := range folders {
		for dir := folder; ; dir = filepath.Dir(dir) {
			if info, err := os.Stat(dir); err == nil && info.IsDir() && w.Add(dir) == nil || dir == filepath.Dir(dir) {
				break
			}
		}
	}
}

// rearm lets go of what was watched: it may lie below a mount by now.
func rearm(w *fsnotify.Watcher, folders []string) {
	for _, dir := range w.WatchList() {
		_ = w.Remove(dir) // gone already, perhaps
	}
	arm(w, folders)
}

// watchMounts tells when the mount table changes, as poll(2) does for that file.
func watchMounts(ctx context.Context) (<-chan struct{}, error) {
	// Not os.Open: Go's own poller would take the event away.
	table, err := unix.Open(mounts, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		unix.Close(table)
		return nil, err
	}
	context.AfterFunc(ctx, func() { _, _ = unix.Write(wake, []byte{1, 0, 0, 0, 0, 0, 0, 0}) })
	changed := make(chan struct{}, 1)
	go func() {
		defer unix.Close(table)
		defer unix.Close(wake)
		for {
			fds := []unix.PollFd{{Fd: int32(table), Events: unix.POLLPRI}, {Fd: int32(wake), Events: unix.POLLIN}}
			_, err := unix.Poll(fds, -1)
			switch {
			case err == unix.EINTR:
			case err != nil, fds[1].Revents != 0:
				return
			default:
				select {
				case changed <- struct{}{}:
				default:
				}
			}
		}
	}()
	return changed, nil
}
