// Package updatework is what the updater and its worker say to each other.
//
// Verifying metadata, fetching and writing take memory that a daemon which idles
// for years must not keep: the updater starts a worker for each piece of work, and
// the worker ends with it. The updater writes one [Request] to the worker's
// standard input. The worker writes [Report]s to its standard output, the last of
// which has Done or Error. After a Report with Found it waits for a line, any line,
// on its input before it writes to the slot: a release that is refused has changed
// nothing by then. All are JSON, one a line.
package updatework

import "errors"

// Operations of a Request.
const (
	Check   = "check"   // what is there for this device
	Install = "install" // write it into the slot
)

// PendingBootFiles is the file in the Request's Dir that lists, as a JSON array of
// paths, the boot files that are being added. The updater finishes them at its start.
const PendingBootFiles = "boot-files.json"

// Request says what the worker does.
type Request struct {
	Operation  string `json:"operation"`
	Repository string `json:"repository"` // http, https or file URL, or an absolute path
	Device     Device `json:"device"`
	Version    string `json:"version,omitempty"`   // this one only; "": the newest that is for the device
	Downgrade  bool   `json:"downgrade,omitempty"` // Version may be older than the device's
	Metered    bool   `json:"metered,omitempty"`   // fail rather than download most of an image
	Rate       uint64 `json:"rate,omitempty"`      // bytes per second, 0: as fast as it goes

	Root  string `json:"root"`  // the image's root.json
	Floor string `json:"floor"` // the image's floor.json, which need not be there
	Dir   string `json:"dir"`   // where metadata and indexes are kept
	Boot  string `json:"boot"`  // the boot partition's mount point

	Target     string `json:"target,omitempty"`     // the dormant slot's device
	TargetSlot string `json:"targetSlot,omitempty"` // its letter, which names its index
	Seed       string `json:"seed,omitempty"`       // the running slot's device
	SeedSlot   string `json:"seedSlot,omitempty"`
}

// Device is what decides which releases are for it.
type Device struct {
	Type    string `json:"type"`
	Variant string `json:"variant"`
	Channel string `json:"channel"`
	UUID    string `json:"uuid"`
	Version string `json:"version"`
}

// Report is what the worker tells.
type Report struct {
	Progress *Progress `json:"progress,omitempty"`
	Found    *Found    `json:"found,omitempty"`
	Done     bool      `json:"done,omitempty"`
	Error    *Error    `json:"error,omitempty"`
}

// Progress is how far an installation is, in bytes of the image.
type Progress struct {
	Done       uint64 `json:"done"`
	Total      uint64 `json:"total"`
	FromSeed   uint64 `json:"fromSeed"`   // taken from the running slot
	FromTarget uint64 `json:"fromTarget"` // was in its place already
	Downloaded uint64 `json:"downloaded"` // as it came over the network, compressed
	Stage      string `json:"stage"`      // for a person
}

// Found is the release that the worker would install. Version is "" if there is none.
type Found struct {
	Version string `json:"version"`
	Size    int64  `json:"size"` // of the image, in bytes
}

// Error is why the worker failed: one of the names below, and one line.
type Error struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// Names of errors, as io.resinos.Update1 documents them.
const (
	Untrusted      = "Untrusted"
	Expired        = "Expired"
	Replayed       = "Replayed"
	WrongDevice    = "WrongDevice"
	TooOld         = "TooOld"
	TooLarge       = "TooLarge"
	NotEnoughSpace = "NotEnoughSpace"
	Downgrade      = "Downgrade"
	NotYet         = "NotYet"
	NoRelease      = "NoRelease"
	Unreachable    = "Unreachable"
	Cancelled      = "Cancelled"
	Failed         = "Failed"
)

// Error implements error.
func (e *Error) Error() string { return e.Name + ": " + e.Message }

// ErrProtocol is wrapped when one side does not understand the other.
var ErrProtocol = errors.New("the updater and its worker do not understand each other")

// MaxLine bounds one line of either side, in bytes.
const MaxLine = 64 << 10
