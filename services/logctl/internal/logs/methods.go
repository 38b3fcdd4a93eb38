package logs

import (
	"context"
	"errors"
	"fmt"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/log1"
	"resinos.io/services/logctl/internal/journald"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
)

// Errors of the methods.
var (
	ErrNotWritten    = errors.New("config.json is not written")
	ErrNotPersistent = errors.New("the journal is in RAM")
	ErrNotRemoved    = errors.New("not everything could be removed")
)

// SetPersistent is the method of Log1: it writes the key into config.json and applies it.
func (l *Logs) SetPersistent(ctx context.Context, persistent bool, options map[string]dbus.Variant) error {
	if err := bus.RejectOptions(options); err != nil {
		return err
	}
	err := l.Config.Edit(ctx, func(d *config.Document) error { return d.Set("/persistentLogging", persistent) })
	if err != nil {
		return notWritten(err)
	}
	return l.Applied(ctx)
}

// notWritten wraps what stopped an edit, unless it is about the file's content.
func notWritten(err error) error {
	for _, content := range []error{config.ErrSyntax, config.ErrTooLarge, config.ErrNotRegular} {
		if errors.Is(err, content) {
			return err
		}
	}
	return fmt.Errorf("%w: %w", ErrNotWritten, err)
}

// Vacuum is the method of Log1: it removes files on disk until they take at most
// limit bytes, and returns how many the removed ones took.
func (l *Logs) Vacuum(ctx context.Context, limit uint64, options map[string]dbus.Variant) (uint64, error) {
	if err := bus.RejectOptions(options); err != nil {
		return 0, err
	}
	l.mu.Lock() // a file that journald opens meanwhile must not go
	defer l.mu.Unlock()
	flushed := l.Journal.Flushed() // from here on journald may have files open there
	if used, err := l.Disk.Usage(); err == nil && used <= limit {
		return 0, nil
	}
	if flushed {
		if err := l.Journal.Rotate(ctx); err != nil {
			return 0, err
		}
	}
	freed, err := l.Disk.Vacuum(limit, flushed)
	if err != nil {
		return freed, fmt.Errorf("%w: %w", ErrNotRemoved, err)
	}
	return freed, nil
}

// Flush is the method of Log1: what was logged before it survives a power cut after it.
func (l *Logs) Flush(ctx context.Context) error {
	if err := l.Journal.Sync(ctx); err != nil {
		return err
	}
	if !l.Journal.OnDisk() {
		return ErrNotPersistent
	}
	return nil
}

// DiskUsage measures the property; a disk that cannot be read has no journal.
func (l *Logs) DiskUsage() any {
	used, err := l.Disk.Usage()
	if err != nil {
		return uint64(0)
	}
	return used
}

// ErrorNames is how this domain's errors go over the bus.
func ErrorNames() []bus.ErrorName {
	return []bus.ErrorName{
		{Is: config.ErrSyntax, Name: log1.ErrorConfigUnreadable},
		{Is: config.ErrTooLarge, Name: log1.ErrorConfigUnreadable},
		{Is: config.ErrNotRegular, Name: log1.ErrorConfigUnreadable},
		{Is: ErrNotWritten, Name: log1.ErrorConfigNotWritten},
		{Is: ErrNotPersistent, Name: log1.ErrorNotPersistent},
		{Is: ErrNotRemoved, Name: log1.ErrorNotRemoved},
		{Is: journald.ErrUnavailable, Name: log1.ErrorJournalUnavailable},
	}
}
