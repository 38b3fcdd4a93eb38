// Package work does one piece of the updater's work: it asks a repository what
// there is for this device, and installs it.
//
// What may not be installed is refused before anything is written, each refusal
// under its own name. Whether the boot loader then tries the slot is not its
// business.
package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"resinos.io/services/update-worker/internal/fetch"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

// Refusals that no other package has a name for.
var (
	errTooOld    = errors.New("this device's system is too old for it")
	errDowngrade = errors.New("it is not newer than what runs")
	errSpace     = errors.New("not enough room on the boot partition")
	errDevice    = errors.New("the repository has releases for other devices only")
	errNotYet    = errors.New("its roll-out has not come to this device yet")
)

// A Work is one piece of work.
type Work struct {
	updatework.Request
	Now func() time.Time
	// Tell tells the updater something; Go waits for its permission to write.
	Tell func(updatework.Report) error
	Go   func() error

	source fetch.Source
	device trust.Device
}

// Do does it.
func (w *Work) Do(ctx context.Context) error {
	if w.Operation != updatework.Check && w.Operation != updatework.Install {
		return fmt.Errorf("%w: no operation %.40q", updatework.ErrProtocol, w.Operation)
	}
	view, err := w.refresh(ctx)
	if err != nil {
		return err
	}
	if w.Operation == updatework.Check {
		return w.check(ctx, view)
	}
	manifest, err := w.choose(ctx, view)
	if err != nil {
		return err
	}
	if err := w.admit(manifest); err != nil {
		return err
	}
	return w.install(ctx, view, manifest)
}

// refresh gets the newest metadata that may be believed.
func (w *Work) refresh(ctx context.Context) (*trust.View, error) {
	version, err := release.ParseVersion(w.Device.Version)
	if err != nil {
		return nil, err
	}
	w.device = trust.Device{Type: w.Device.Type, Variant: w.Device.Variant, Channel: w.Device.Channel, UUID: w.Device.UUID, Version: version}
	if w.source, err = fetch.Open(w.Repository, w.Rate); err != nil {
		return nil, err
	}
	root, err := os.ReadFile(w.Root)
	if err != nil {
		return nil, fmt.Errorf("%w: the image has no root of trust: %w", trust.ErrSignature, err)
	}
	least, err := readFloor(w.Floor)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(w.Dir, "metadata")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cannot keep metadata: %w", err)
	}
	return trust.New(trust.Options{Root: root, Dir: dir, Fetcher: w.source, Now: w.Now, Least: least}).Refresh(ctx)
}

// readFloor reads what the image knows of the repository; it need not know anything.
func readFloor(path string) (trust.Floor, error) {
	var floor trust.Floor
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return floor, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &floor)
	}
	if err != nil {
		return floor, fmt.Errorf("cannot read the image's floor: %w", err)
	}
	return floor, nil
}
