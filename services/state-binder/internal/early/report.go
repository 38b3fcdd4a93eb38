package early

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/store"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// runDir is where the phases meet; it is in memory.
const runDir = "/run/state-binder"

// ErrNoReport is wrapped when the early phase left no report that can be read.
var ErrNoReport = errors.New("the early phase has left no report")

// A Report is what the early phase did and could not do.
type Report struct {
	Store    store.Kind       `json:"store"`
	Purged   string           `json:"purged,omitempty"` // scope of a purge that was carried out
	Problems []config.Problem `json:"problems,omitempty"`
}

func (r *Report) tell(problems ...config.Problem) { r.Problems = append(r.Problems, problems...) }

func reportFile(root layout.Root) string { return filepath.Join(root.Path(runDir), "report.json") }

// Write keeps the report until the device is off.
func Write(root layout.Root, r Report) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	if err := os.MkdirAll(root.Path(runDir), 0o755); err != nil {
		return fmt.Errorf("cannot write the report: %w", err)
	}
	return atomicfile.Write(reportFile(root), text, 0o644)
}

// Read returns the report of this boot.
func Read(root layout.Root) (Report, error) {
	text, err := os.ReadFile(reportFile(root))
	if err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return Report{}, fmt.Errorf("%w: %w", ErrNoReport, err)
	}
	return r, nil
}

// PlacesInUse are the directories that binds can come from; "" is one that is not there.
type PlacesInUse struct {
	State, Data, Memory place.Dir
}

// Places returns where binds come from, given what is known of the state partition.
func Places(root layout.Root, kept store.Kind) PlacesInUse {
	places := PlacesInUse{Memory: place.Dir(filepath.Join(root.Path(runDir), "memory"))}
	if kept != store.Memory {
		places.State = place.Dir(root.State())
	}
	if store.IsMountPoint(root.Data()) {
		places.Data = place.Dir(root.Data())
	}
	return places
}

// Of returns where the content of a path on the partition can be, the likeliest
// first.
func (p PlacesInUse) Of(partition declare.Partition) []place.Dir {
	switch {
	case partition == declare.Data && p.Data == "":
		return nil
	case partition == declare.Data:
		return []place.Dir{p.Data}
	case p.State == "":
		return []place.Dir{p.Memory}
	}
	return []place.Dir{p.State, p.Memory}
}
