package journal

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	var out strings.Builder
	var level slog.LevelVar
	log := slog.New(NewHandler(&out, &level, true)).With("unit", "a b")
	log.Debug("not yet")
	log.Info("name set", "name", "kitchen")
	level.Set(slog.LevelDebug)
	log.Debug("two\nlines")
	log.WithGroup("g").Error("gone", "n", 3)
	log.Warn("bad")
	want := `<6>name set unit="a b" name=kitchen
<7>two | lines unit="a b"
<3>gone unit="a b" g.n=3
<4>bad unit="a b"
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestNoPrefixOutsideTheJournal(t *testing.T) {
	var out strings.Builder
	slog.New(NewHandler(&out, slog.LevelInfo, false)).Error("x")
	if out.String() != "x\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestLevels(t *testing.T) {
	for _, name := range []string{"err", "warning", "info", "debug"} {
		level, err := ParseLevel(name)
		if err != nil || LevelName(level) != name {
			t.Errorf("%s: got %v, %v", name, LevelName(level), err)
		}
	}
	if _, err := ParseLevel("loud"); !errors.Is(err, ErrLevel) {
		t.Errorf("got %v, want ErrLevel", err)
	}
}
