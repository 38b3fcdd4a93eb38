package trust

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"resinos.io/shared/atomicfile"
)

// A Floor is the least that a device accepts: the versions that it has seen, and
// when. It is one small file, written at once, and decides alone: the other files
// of the directory only save fetching them again.
type Floor struct {
	Root      int64     `json:"root"`
	Timestamp int64     `json:"timestamp"`
	Snapshot  int64     `json:"snapshot"`
	Targets   int64     `json:"targets"`
	Seen      time.Time `json:"seen"` // the clock when it was written
	// Keys names the keys of timestamp and snapshot. When the owner changes
	// them, versions begin anew: an attacker who had the old keys may have signed
	// the highest version that there is (5.3.11 of the specification).
	Keys string `json:"keys"`
}

const floorFile = "floor.json"

// readFloor returns the floor of dir, raised to least. A file that is not there
// or not readable as a floor is no floor.
func readFloor(dir string, least Floor) (Floor, error) {
	data, err := os.ReadFile(filepath.Join(dir, floorFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return least, fmt.Errorf("cannot read what metadata is known: %w", err)
	}
	var floor Floor
	if err != nil || json.Unmarshal(data, &floor) != nil {
		return least, nil
	}
	floor.Root = max(floor.Root, least.Root)
	if least.Seen.After(floor.Seen) {
		floor.Seen = least.Seen
	}
	// Versions under other keys cannot be compared: the device's own are newer,
	// because an image is older than what was accepted after it was started.
	if floor.Keys == least.Keys {
		floor.Timestamp = max(floor.Timestamp, least.Timestamp)
		floor.Snapshot = max(floor.Snapshot, least.Snapshot)
		floor.Targets = max(floor.Targets, least.Targets)
	}
	return floor, nil
}

func (f Floor) write(dir string) error {
	data, err := json.Marshal(f, json.Deterministic(true))
	if err != nil {
		return fmt.Errorf("cannot keep what metadata is known: %w", err)
	}
	return atomicfile.Write(filepath.Join(dir, floorFile), data, 0o600)
}

// check refuses what is below the floor.
func (f Floor) check(now Floor) error {
	type pair struct {
		what      string
		was, came int64
	}
	pairs := []pair{{"root", f.Root, now.Root}}
	if f.Keys == now.Keys {
		pairs = append(
			pairs, pair{"timestamp", f.Timestamp, now.Timestamp},
			pair{"snapshot", f.Snapshot, now.Snapshot}, pair{"targets", f.Targets, now.Targets},
		)
	}
	for _, p := range pairs {
		if p.came < p.was {
			return fmt.Errorf("cannot trust %s: %w: version %d, %d was seen before", p.what, ErrReplayed, p.came, p.was)
		}
	}
	return nil
}

// keysOf names the keys of the two roles that sign online.
func keysOf(root *metadata.RootType) string {
	var parts []string
	for _, name := range []string{metadata.TIMESTAMP, metadata.SNAPSHOT} {
		if role := root.Roles[name]; role != nil {
			ids := slices.Sorted(slices.Values(role.KeyIDs))
			parts = append(parts, fmt.Sprint(name, role.Threshold, ids))
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}
