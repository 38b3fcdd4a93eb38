// Package journal is the log handler of the daemons: one line an entry, with the
// priority in front that the journal reads (sd-daemon(3), "<N>"), and no time,
// which the journal has already.
//
// Where the output is not the journal, lines have no prefix. Nothing is buffered.
package journal

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/journal"
)

// New returns a logger that writes to w what is at least as grave as level. It
// prefixes priorities if the process's standard error is the journal.
func New(w io.Writer, level slog.Leveler) *slog.Logger {
	underJournal, err := journal.StderrIsJournalStream()
	return slog.New(NewHandler(w, level, err == nil && underJournal))
}

// NewHandler is New with the choice of the prefix given.
func NewHandler(w io.Writer, level slog.Leveler, prefix bool) slog.Handler {
	buffer := new(strings.Builder)
	text := slog.NewTextHandler(buffer, &slog.HandlerOptions{Level: level, ReplaceAttr: withoutHead})
	return &handler{shared: &shared{out: w, buffer: buffer}, text: text, prefix: prefix}
}

// shared is what all handlers made from one another write through.
type shared struct {
	mu     sync.Mutex
	out    io.Writer
	buffer *strings.Builder
}

// handler lets slog's own text handler write the attributes, behind a message
// that is readable without quotes.
type handler struct {
	*shared
	text   slog.Handler
	prefix bool
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.text.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.shared, h.text.WithAttrs(attrs), h.prefix}
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.shared, h.text.WithGroup(name), h.prefix}
}

// Handle implements [slog.Handler].
func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.buffer.Reset()
	if err := h.text.Handle(ctx, record); err != nil {
		return err
	}
	line := oneLine(record.Message)
	if attrs := strings.TrimSpace(h.buffer.String()); attrs != "" {
		line += " " + attrs
	}
	if h.prefix {
		line = priority(record.Level) + line
	}
	_, err := io.WriteString(h.out, line+"\n")
	return err
}

// priority returns the syslog priority of level as sd-daemon(3) wants it.
func priority(level slog.Level) string {
	switch {
	case level >= slog.LevelError:
		return "<3>"
	case level >= slog.LevelWarn:
		return "<4>"
	case level >= slog.LevelInfo:
		return "<6>"
	}
	return "<7>"
}

// oneLine keeps a message from becoming several entries.
func oneLine(message string) string {
	return strings.ReplaceAll(message, "\n", " | ")
}

// withoutHead drops what the line has in front or the journal knows.
func withoutHead(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) == 0 && (attr.Key == slog.TimeKey || attr.Key == slog.LevelKey || attr.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return attr
}
