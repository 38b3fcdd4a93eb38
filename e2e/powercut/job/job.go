// Package job is what the test of power cuts and the program in its virtual
// machine agree on: what is to be done on which disk, the notes that the program
// leaves in the record of the disk's writes, and the configuration files.
//
// It promises the same bytes for the same numbers on both sides. It is of no
// use outside this test, and its formats may change at any time.
package job

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// File is where a Job stands in the machine's initial file system.
const File = "/job.json"

// Config is the file under test, in the root directory of each disk.
const Config = "config.json"

// Filler is a file that takes up the space of a disk that is to be nearly full.
const Filler = "FILLER.BIN"

// A Job is all that one machine does.
type Job struct {
	Modules []string // files of kernel modules, in the order in which to load them
	Options string   // of the mounts, as in a unit's Options=
	Disks   []Disk
}

// A Disk is what is done on one disk: Sizes is for recording edits, States for
// recording recoveries.
type Disk struct {
	Name     string   // the disk's serial number
	NotesAt  uint64   // sector that takes the notes
	Strategy Strategy // how the file is replaced
	Sizes    []int    // the size of each edit's payload, from edit 1 on
	Numbers  []int    // the generation that each edit writes, if not its own number
	Free     []int    // if not empty: clusters to be free before each generation
	States   []string // files with the sectors of each state, see WritePatch
	Extent   int64    // bytes from the disk's beginning that its files were in before the first edit
}

// Number returns the generation that edit n, from 1 on, writes.
func (d Disk) Number(n int) int {
	if len(d.Numbers) == 0 {
		return n
	}
	return d.Numbers[n-1]
}

// A Strategy is a way to replace config.json.
type Strategy string

// The strategies. All but Editor are wrong, and the test must find that out.
const (
	Editor   Strategy = "config.Store.Edit"
	Truncate Strategy = "truncate, write, fsync"
	Rename   Strategy = "tmp, fsync, rename, fsync dir"
)

// Event says what a Note is about.
type Event string

// The events, in their order.
const (
	Resizing  Event = "resizing"  // the filler is made larger or smaller
	Begin     Event = "begin"     // an edit or a recovery begins
	End       Event = "end"       // the edit has returned
	Recovered Event = "recovered" // the recovery has returned
	Again     Event = "again"     // a second recovery has returned
	Edited    Event = "edited"    // the edit after the recovery has returned
	Done      Event = "done"      // the disk is unmounted and flushed
)

// A Note is written to a reserved sector, and so into the record of the writes.
type Note struct {
	Event   Event
	N       int    // the number of the edit or the state
	Outcome string `json:",omitempty"` // of a recovery
	Err     string `json:",omitempty"`
}

const sectorSize = 512

// Sector returns the note as a sector.
func (n Note) Sector() ([]byte, error) {
	n.Err = n.Err[:min(len(n.Err), 300)]
	text, err := json.Marshal(n)
	if err != nil || len(text) > sectorSize {
		return nil, fmt.Errorf("cannot write the note %+v: %d bytes: %w", n, len(text), err)
	}
	sector := make([]byte, sectorSize)
	copy(sector, text)
	return sector, nil
}

// ParseNote reads what Sector returned.
func ParseNote(sector []byte) (Note, error) {
	var n Note
	if err := json.Unmarshal(bytes.TrimRight(sector, "\x00"), &n); err != nil {
		return n, fmt.Errorf("cannot read a note: %w", err)
	}
	return n, nil
}
