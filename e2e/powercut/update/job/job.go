// Package job is what the test of power cuts in an update and the program in its
// virtual machine agree on. It is of no use outside this test, and its formats may
// change at any time.
package job

import (
	"encoding/binary"
	"errors"
)

// Places in the machine's initial file system.
const (
	File       = "/job.json"
	Session    = "/session" // services/updater/internal/powercut
	Worker     = "/update-worker"
	Repository = "/repository"
	Pool       = "/pool" // sectors that patches refer to
)

// A Job is all that one machine does on its one disk: boots, or recoveries.
type Job struct {
	Modules     []string // files of kernel modules, in the order in which to load them
	BootOptions string   // of the mount of the boot partition, as in a unit's Options=
	StateMount  string   // of the mount of the state partition
	Disk        string   // its serial number
	NotesAt     uint64   // sector that takes the notes
	EnvAt       int64    // byte of the disk at which the boot environment's 1024 bytes are
	GoodAt      int64    // and its copy
	Boots       []Boot
	States      []State
	Size        int64 // of the disk, in bytes: for States
}

// A Boot is one boot of the device: the boot loader counts and chooses, then the
// updater does its steps. The slot must be the one that the test wants.
type Boot struct {
	Slot  string
	Steps []string
}

// A State is a state of the disk to recover from: the boot loader has chosen already.
type State struct {
	Patch string // a file, see [Expand]
	Slot  string
	Steps []string
}

const (
	sectorSize = 512
	record     = 12 // bytes: the sector's number, and its place in the pool
)

// A Packer writes patches whose sectors stand in one pool, each content once: the
// states of one disk have most of what was written in common.
type Packer struct {
	Pool []byte
	seen map[string]uint32
}

// Add appends a sector of a patch.
func (p *Packer) Add(patch []byte, n uint64, data []byte) []byte {
	if p.seen == nil {
		p.seen = map[string]uint32{}
	}
	at, there := p.seen[string(data)]
	if !there {
		at = uint32(len(p.Pool) / sectorSize)
		p.seen[string(data)] = at
		p.Pool = append(p.Pool, data...)
	}
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint64(patch, n), at)
}

// Expand returns the patch as powercut/job.WritePatch writes it.
func Expand(patch, pool []byte) ([]byte, error) {
	var out []byte
	for ; len(patch) >= record; patch = patch[record:] {
		at := int(binary.LittleEndian.Uint32(patch[8:])) * sectorSize
		if at+sectorSize > len(pool) {
			return nil, errors.New("the patch refers to a sector that is not in the pool")
		}
		out = append(append(out, patch[:8]...), pool[at:at+sectorSize]...)
	}
	return out, nil
}
