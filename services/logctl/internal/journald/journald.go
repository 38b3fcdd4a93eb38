// Package journald asks systemd-journald to keep the journal on disk or in RAM, and
// reads back where it writes.
//
// It speaks varlink (https://varlink.org/Method-Call) to journald's own socket,
// io.systemd.Journal in systemd-journald.service(8). journald carries out one
// request after the other between two lines of the log, so that neither a flush nor
// a relinquish loses one. A request that finds journald restarting waits for it.
//
// journald must run with Storage=auto: then a flag below /run, which journald itself
// sets with a flush and removes with a relinquish, says where it writes, also after
// it was restarted.
package journald

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"resinos.io/shared/layout"
)

// callTime bounds one request. To flush 8 MB to slow flash takes seconds.
const callTime = 20 * time.Second

// ErrUnavailable is wrapped when journald does not do what it is asked.
var ErrUnavailable = errors.New("journald does not answer")

// A Journal is the running journald of a system.
type Journal struct {
	socket  string
	flag    string // there after a flush, until a relinquish
	runtime string // has a folder with journal files while journald writes to RAM
}

// New returns the journald of the system whose file system is below root.
func New(root layout.Root) *Journal {
	return &Journal{
		socket:  root.Path("/run/systemd/journal/io.systemd.journal"),
		flag:    root.Path("/run/systemd/journal/flushed"),
		runtime: root.Path("/run/log/journal"),
	}
}

// Flush moves what is in RAM to disk; new lines go there too. It reports success
// also when journald could not: see [Journal.OnDisk].
func (j *Journal) Flush(ctx context.Context) error { return j.call(ctx, "FlushToVar") }

// Relinquish makes journald write to RAM and close its files on disk.
func (j *Journal) Relinquish(ctx context.Context) error {
	if err := j.call(ctx, "RelinquishVar"); err != nil {
		return err
	}
	// journald leaves the flag there when it was in RAM already, for want of room
	// on disk, and would try again with its next file.
	if err := os.Remove(j.flag); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("cannot keep the journal in RAM: %w", err)
	}
	return nil
}

// Sync returns when every line logged before is in its file, and that is on the medium.
func (j *Journal) Sync(ctx context.Context) error { return j.call(ctx, "Synchronize") }

// Rotate archives the files that journald writes to, and begins new ones.
func (j *Journal) Rotate(ctx context.Context) error { return j.call(ctx, "Rotate") }

// OnDisk tells whether journald writes to disk: it was told to, and no file is open in RAM.
func (j *Journal) OnDisk() bool {
	if !j.Flushed() {
		return false
	}
	files, _ := filepath.Glob(filepath.Join(j.runtime, strings.Repeat("[0-9a-f]", 32), "system.journal")) // the pattern is good
	return len(files) == 0
}

// Flushed tells whether journald writes to disk when it can.
func (j *Journal) Flushed() bool {
	_, err := os.Stat(j.flag)
	return err == nil
}

// Watch calls changed, in a goroutine of its own, each time journald may have begun
// to write elsewhere, until ctx ends. It returns at once.
func (j *Journal) Watch(ctx context.Context, changed func()) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch the journal: %w", err)
	}
	// journald makes this machine's folder in the one when it goes to RAM, and
	// removes it when it leaves; the flag, set last, is in the other.
	for _, dir := range []string{j.runtime, filepath.Dir(j.flag)} {
		if err := watcher.Add(dir); err != nil {
			watcher.Close()
			return fmt.Errorf("cannot watch the journal: %w", err)
		}
	}
	go j.watch(ctx, watcher, changed)
	return nil
}

func (j *Journal) watch(ctx context.Context, watcher *fsnotify.Watcher, changed func()) {
	defer watcher.Close()
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-watcher.Events:
			ours := event.Name == j.flag || filepath.Dir(event.Name) == j.runtime
			if ours && (event.Has(fsnotify.Create) || event.Has(fsnotify.Remove)) {
				changed()
			}
		case err := <-watcher.Errors: // events were lost
			if err != nil {
				changed()
			}
		}
	}
}
