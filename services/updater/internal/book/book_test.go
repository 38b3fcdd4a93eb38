package book

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/services/updater/internal/bootenv"
)

func TestBookIsKept(t *testing.T) {
	dir := t.TempDir()
	now := func() time.Time { return time.Unix(1000, 0) }
	b, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	b.Versions[bootenv.B] = "2.1.0"
	b.Trial = &Trial{Slot: bootenv.B, Version: "2.1.0", From: "2.0.0"}
	for range maxEvents + 5 {
		b.Add(Installed, "2.1.0", strings.Repeat("x", maxDetail+1))
	}
	if err := b.Save(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, now)
	if err != nil || again.Versions[bootenv.B] != "2.1.0" || again.Trial == nil || again.Trial.From != "2.0.0" {
		t.Errorf("read back %+v, %v", again, err)
	}
	if len(again.Events) != maxEvents || len(again.Events[0].Detail) != maxDetail {
		t.Errorf("%d events, the first with %d bytes", len(again.Events), len(again.Events[0].Detail))
	}
}

func TestADamagedBookBeginsAnew(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, pageFile), []byte(`{"events": [`), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open(dir, time.Now)
	if err == nil || b == nil {
		t.Fatalf("got %v, %v; want a book and the fault", b, err)
	}
	b.Add(Good, "1.0.0", "")
	if err := b.Save(); err != nil {
		t.Fatal(err)
	}
	if b, err = Open(dir, time.Now); err != nil || len(b.Events) != 1 {
		t.Errorf("afterwards %+v, %v", b, err)
	}
}

func TestJournalIsBounded(t *testing.T) {
	b := &Book{Dir: t.TempDir()}
	if err := b.KeepJournal([]byte(strings.Repeat("a", maxJournal) + "end")); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(b.Dir, journalFile))
	if err != nil || len(kept) != maxJournal || !strings.HasSuffix(string(kept), "end") {
		t.Errorf("%d bytes are kept, %v", len(kept), err)
	}
}
