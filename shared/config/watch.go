package config

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Watch calls changed after each change of the file's content or of what is
// wrong with it, until ctx is done. The calls never overlap.
func (s *Store) Watch(ctx context.Context, changed func(Snapshot)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("cannot watch %s: %w", s.file, err)
	}
	defer w.Close()
	if err := w.Add(filepath.Dir(s.file)); err != nil {
		return fmt.Errorf("cannot watch %s: %w", s.file, err)
	}
	data, fault := readFile(s.file)
	last := sha256.Sum256(fmt.Append(data, fault))
	timer := time.NewTimer(0)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.Events:
			timer.Reset(50 * time.Millisecond)
		case <-timer.C:
			data, fault := readFile(s.file)
			if now := sha256.Sum256(fmt.Append(data, fault)); now != last {
				last = now
				changed(s.settle(data, fault))
			}
		}
	}
}
