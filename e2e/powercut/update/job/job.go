// Package job is what the test of power cuts in an update and the program in its
// virtual machine agree on. It is of no use outside this test, and its formats may
// change at any time.
package job

// Places in the machine's initial file system.
const (
	File       = "/job.json"
	Session    = "/session" // services/updater/internal/powercut
	Worker     = "/update-worker"
	Repository = "/repository"
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
	Patch string // a file, see powercut/job.WritePatch
	Slot  string
	Steps []string
}
