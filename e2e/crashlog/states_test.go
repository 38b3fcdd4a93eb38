package crashlog_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"resinos.io/e2e/crashlog"
)

// contents returns the states of l in an 8-sector disk as "cut model letters".
func contents(l *crashlog.Log) []string {
	var all []string
	for s := range l.States(disk(8), 1) {
		all = append(all, fmt.Sprintf("%d %s %s", s.Cut, s.Model, letters(s.Image, 4)))
	}
	return all
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPrefixAndSubset(t *testing.T) {
	same(t, contents(log(write(0, "a"), write(1, "b"), flush(), write(2, "c"))),
		"0 prefix ....", "1 prefix a...", "2 prefix ab..", "2 subset .b..",
		"3 prefix ab..", "4 prefix abc.")
}

func TestAFlushKeepsWhatIsBeforeIt(t *testing.T) {
	for s := range log(write(0, "a"), flush(), write(1, "b"), write(2, "c")).States(disk(8), 1) {
		if got := letters(s.Image, 1); s.Cut >= 2 && got != "a" {
			t.Errorf("%s: %s", s.Spec, got)
		}
	}
}

func TestFUA(t *testing.T) {
	same(t, contents(log(write(0, "a"), with(write(1, "b"), crashlog.FUA), write(2, "c"))),
		"0 prefix ....", "1 prefix a...", "2 prefix ab..", "3 prefix abc.",
		"3 subset .b..", "3 subset .bc.") // "ab.." was seen
}

func TestAnOlderWriteNeverUndoesFUA(t *testing.T) {
	for s := range log(write(0, "a"), with(write(0, "b"), crashlog.FUA), write(1, "c")).States(disk(8), 1) {
		if got := letters(s.Image, 1); s.Cut == 3 && got != "b" {
			t.Errorf("%s: %s", s.Spec, got)
		}
	}
}

func TestAWriteWithFlush(t *testing.T) {
	same(t, contents(log(write(0, "a"), with(write(1, "b"), crashlog.Flush))),
		"0 prefix ....", "1 prefix a...", "2 prefix ab..", "2 subset a...")
}

// A mark is no flush: what was lost before it can be lost after it, and counts again.
func TestMarksDivideButDoNotFlush(t *testing.T) {
	same(t, contents(log(write(0, "a"), mark("end"))),
		"0 prefix ....", "1 prefix a...", "2 prefix a...", "2 subset ....")
}

func TestMarkWrites(t *testing.T) {
	l := log(write(0, "a"), write(7, "m"), with(write(7, "n"), crashlog.FUA), flush())
	l.MarkWrites(7)
	if l.Ops[1].Flags != crashlog.Mark || l.Ops[1].Data[0] != 'm' || l.Ops[2].Flags != crashlog.Mark {
		t.Errorf("%v", l.Ops)
	}
	for s := range l.States(disk(8), 1) {
		if got := letters(s.Image, 8); got[7] != '.' {
			t.Errorf("%s: %s", s.Spec, got)
		}
	}
}

func TestTorn(t *testing.T) {
	seen := map[string]bool{}
	for s := range log(write(0, "z"), write(0, "abcd")).States(disk(8), 1) {
		if s.Model == crashlog.Torn {
			seen[letters(s.Image, 4)] = true
		}
	}
	for _, want := range []string{"ab..", "abc.", "zbcd", "z.cd"} {
		if !seen[want] {
			t.Errorf("%s is not among %v", want, slices.Sorted(maps.Keys(seen)))
		}
	}
}

func TestDiscardsCountAsDoneAndNot(t *testing.T) {
	got := contents(log(write(0, "ab"), flush(), discard(0, 1), flush(), write(2, "c")))
	for _, want := range []string{"3 prefix .b..", "5 prefix .bc.", "5 prefix abc."} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, strings.Join(got, "\n"))
		}
	}
}

func TestManyWritesAreSampled(t *testing.T) {
	var ops []crashlog.Op
	for i := range uint64(20) {
		ops = append(ops, write(i, "x"))
	}
	run := func(seed uint64) (all []string) {
		for s := range log(ops...).States(disk(32), seed) {
			all = append(all, s.String())
		}
		return all
	}
	if n := len(run(1)); n < 200 || n > 330 {
		t.Errorf("%d states", n)
	}
	if !slices.Equal(run(1), run(1)) || slices.Equal(run(1), run(2)) {
		t.Error("the seed does not decide")
	}
}

func TestTheCallerMayStop(t *testing.T) {
	n := 0
	for range sample().States(disk(32), 1) {
		if n++; n == 3 {
			break
		}
	}
}
