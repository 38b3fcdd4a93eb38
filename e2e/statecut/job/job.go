// Package job is what the test and the program in its machine tell each other. It
// is of no use outside this test, and its formats may change at any time.
package job

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// File is where a Job stands in the machine's initial file system, and Files is the
// directory there that each device finds as /run/rig.
const (
	File  = "/job.json"
	Files = "/files"
)

// NotesAt is the sector of each disk that takes the notes: between the partition
// table and the first partition.
const NotesAt = 1024

// A Job is all that one machine does.
type Job struct {
	Modules []string // files of kernel modules, in the order in which to load them
	Root    string   // serial number of the disk with the root file system
	Disks   []Disk
}

// A Disk is one device's, which boots once for each script.
type Disk struct {
	Name  string   // the serial number
	Boots []string // shell scripts; each is process 1 of the device
}

// A Note is written by a script to the sector NotesAt, and so into the record of the
// writes: everything before it in the record was written before the script went on.
type Note struct{ Step string }

// ParseNote reads a note's sector.
func ParseNote(sector []byte) (Note, error) {
	var n Note
	if err := json.Unmarshal(bytes.TrimRight(sector, "\x00 \n"), &n); err != nil {
		return n, fmt.Errorf("cannot read a note: %w", err)
	}
	return n, nil
}

// A Boot is what the machine reports of one: a line of JSON behind [Mark] on the console.
type Boot struct {
	Disk string
	N    int
	Exit int    // the script's status
	Out  string // what the script wrote to standard output
	Err  string // the last of what it wrote to standard error
}

// Mark begins a line with a Boot.
const Mark = "boot: "

// Reports returns the boots that a console shows, by disk, in order.
func Reports(console string) (map[string][]Boot, error) {
	all := map[string][]Boot{}
	for line := range bytes.Lines([]byte(console)) {
		text, found := bytes.CutPrefix(bytes.TrimSpace(line), []byte(Mark))
		if !found {
			continue
		}
		var b Boot
		if err := json.Unmarshal(text, &b); err != nil {
			return nil, fmt.Errorf("cannot read the report %.200q: %w", text, err)
		}
		all[b.Disk] = append(all[b.Disk], b)
	}
	return all, nil
}
