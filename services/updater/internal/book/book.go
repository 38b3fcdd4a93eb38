// Package book is what the updater remembers over reboots, in files of its state
// directory: the trial that is under way, and what happened to the slots.
//
// The boot environment decides which slot boots; the book only says why. A book
// that is lost or damaged loses reasons, never a system: it is begun anew.
package book

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/shared/atomicfile"
)

// Limits of what is kept.
const (
	maxEvents  = 50
	maxDetail  = 500       // bytes of one line
	maxJournal = 256 << 10 // bytes of the journal of a boot that failed
)

// Names of the files.
const (
	pageFile    = "book.json"
	journalFile = "failed-boot.log"
)

// Events, as the bus has them.
const (
	Installed  = "installed"
	Good       = "good"
	RolledBack = "rolled back"
	Cancelled  = "cancelled"
	Failed     = "failed"
)

// A Page is the whole book.
type Page struct {
	Versions map[bootenv.Slot]string `json:"versions"`          // what is in a slot; "" while it is being written
	Trial    *Trial                  `json:"trial,omitempty"`   // a release that has yet to prove itself
	Rollback string                  `json:"rollback"`          // why the last rollback was; "" since an update proved itself
	Events   []Event                 `json:"events"`            // oldest first
	Bad      bootenv.Slot            `json:"bad,omitempty"`     // the slot whose system failed its trial
	Known    string                  `json:"known,omitempty"`   // newest release that the repository had
	Checked  time.Time               `json:"checked,omitempty"` // when it was asked
}

// A Trial is a release between its installation and its proof.
type Trial struct {
	Slot    bootenv.Slot `json:"slot"`
	Version string       `json:"version"`
	From    string       `json:"from"`              // version that ran when it was installed
	Before  Before       `json:"before"`            // what was well then, and has to be well again
	Boots   []string     `json:"boots,omitempty"`   // ids of boots of it that reached the updater and did not end in order
	Failure string       `json:"failure,omitempty"` // the check that failed it
}

// Before is what worked in the old system.
type Before struct {
	Network    uint32 `json:"network"`    // NetworkManager's state, 0 if it did not run
	Supervisor bool   `json:"supervisor"` // it ran
}

// An Event is one line of the history.
type Event struct {
	Time    int64  `json:"time"` // seconds since 1970
	Event   string `json:"event"`
	Version string `json:"version"`
	Detail  string `json:"detail"`
}

// A Book is a page in a directory. It is used by one process at a time.
type Book struct {
	Dir string
	Now func() time.Time
	Page
}

// Open reads the book of dir. The error is about a book that had to be begun anew
// and is there all the same.
func Open(dir string, now func() time.Time) (*Book, error) {
	b := &Book{Dir: dir, Now: now}
	data, err := os.ReadFile(filepath.Join(dir, pageFile))
	if err == nil {
		err = json.Unmarshal(data, &b.Page)
	}
	if err != nil {
		b.Page = Page{}
	}
	if b.Versions == nil {
		b.Versions = map[bootenv.Slot]string{}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return b, fmt.Errorf("cannot read the history of updates, it begins anew: %w", err)
	}
	return b, nil
}

// Add notes an event; Save makes it durable.
func (b *Book) Add(event, version, detail string) {
	if len(detail) > maxDetail {
		detail = detail[:maxDetail]
	}
	b.Events = append(b.Events, Event{b.Now().Unix(), event, version, detail})
	if extra := len(b.Events) - maxEvents; extra > 0 {
		b.Events = b.Events[extra:]
	}
}

// Save makes the page durable.
func (b *Book) Save() error {
	data, err := json.MarshalIndent(b.Page, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot keep the history of updates: %w", err)
	}
	return atomicfile.Write(filepath.Join(b.Dir, pageFile), append(data, '\n'), 0o600)
}

// KeepJournal keeps the end of the journal of a boot on trial, for the person who
// asks why it failed.
func (b *Book) KeepJournal(journal []byte) error {
	if extra := len(journal) - maxJournal; extra > 0 {
		journal = journal[extra:]
	}
	return atomicfile.Write(filepath.Join(b.Dir, journalFile), journal, 0o600)
}

// DropJournal forgets what KeepJournal kept, if it kept anything.
func (b *Book) DropJournal() error {
	err := os.Remove(filepath.Join(b.Dir, journalFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot forget a journal: %w", err)
	}
	return nil
}
