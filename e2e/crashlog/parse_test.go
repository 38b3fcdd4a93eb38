package crashlog_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"resinos.io/e2e/crashlog"
)

func sample() *crashlog.Log {
	return log(write(0, "ab"), flush(), with(write(3, "c"), crashlog.FUA), discard(4, 9), mark("begin 1"), write(2, "d"))
}

func TestParse(t *testing.T) {
	want := sample()
	got, err := crashlog.Parse(bytes.NewReader(encode(want, len(want.Ops))))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestParseWithLargeSectors(t *testing.T) {
	want := &crashlog.Log{SectorSize: 4096, Ops: []crashlog.Op{{Sector: 1, Count: 1, Data: make([]byte, 4096)}, flush()}}
	got, err := crashlog.Parse(bytes.NewReader(encode(want, 2)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseLeavesOutWhatIsNotCounted(t *testing.T) {
	got, err := crashlog.Parse(bytes.NewReader(encode(sample(), 2)))
	if err != nil || len(got.Ops) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	good := encode(sample(), 6)
	change := func(at int, value byte) []byte {
		data := bytes.Clone(good)
		data[at] = value
		return data
	}
	for name, data := range map[string][]byte{
		"nothing":              {},
		"half a superblock":    good[:100],
		"wrong magic":          change(0, 1),
		"wrong version":        change(8, 2),
		"odd sector size":      change(24, 1),
		"an entry missing":     change(16, 7),
		"data missing":         good[:len(good)-1],
		"huge count":           change(sector+15, 0x7f),
		"more data than there": change(sector+10, 0xff),
	} {
		if _, err := crashlog.Parse(bytes.NewReader(data)); !errors.Is(err, crashlog.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: no input makes the parser panic or take much memory, and what it
// accepts it reads the same way when written again.
func FuzzParse(f *testing.F) {
	f.Add(encode(sample(), 6))
	f.Add(encode(log(), 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := crashlog.Parse(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := crashlog.Parse(bytes.NewReader(encode(first, len(first.Ops))))
		if err != nil {
			t.Fatal(err)
		}
		if len(first.Ops) != len(again.Ops) || len(first.Ops) > 0 && !reflect.DeepEqual(first, again) {
			t.Errorf("read %v, then %v", first, again)
		}
	})
}
