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

	"golang.org/x/sys/unix"

	"resinos.io/services/update-worker/internal/engine"
	"resinos.io/services/update-worker/internal/fetch"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/casync"
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

// maxTable is how many times as large as the index the table of deltas may be: some
// seven deltas for each chunk.
const maxTable = 13

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

func (w *Work) check(ctx context.Context, view *trust.View) error {
	manifest, err := view.Newest(ctx, w.device)
	if errors.Is(err, trust.ErrNoRelease) {
		return w.found(updatework.Found{})
	}
	if err != nil {
		return err
	}
	return w.found(updatework.Found{Version: manifest.Version.String(), Size: manifest.Image.Size})
}

// found tells what was found and waits for the answer: the updater always gives
// one, and must not find us gone.
func (w *Work) found(what updatework.Found) error {
	if err := w.Tell(updatework.Report{Found: &what}); err != nil {
		return err
	}
	return w.Go()
}

// choose returns the release that was asked for, or the newest that is for the device.
func (w *Work) choose(ctx context.Context, view *trust.View) (*release.Manifest, error) {
	if w.Version == "" {
		manifest, err := view.Newest(ctx, w.device)
		if errors.Is(err, trust.ErrNoRelease) {
			err = w.whyNone(ctx, view, err)
		}
		return manifest, err
	}
	version, err := release.ParseVersion(w.Version)
	if err != nil {
		return nil, err
	}
	manifest, err := view.Manifest(ctx, w.device.Type, w.device.Variant, version)
	if errors.Is(err, trust.ErrNoRelease) && w.elsewhere(view) {
		return nil, fmt.Errorf("%w: %w", errDevice, err)
	}
	if err != nil {
		return nil, err
	}
	if manifest.Rollout.Pulled {
		return nil, fmt.Errorf("%w: %s", trust.ErrPulled, version)
	}
	return manifest, nil
}

// admit refuses what does not fit this device.
func (w *Work) admit(m *release.Manifest) error {
	switch {
	case m.Version.Compare(w.device.Version) <= 0 && !w.Downgrade:
		return fmt.Errorf("%w: %s, this is %s", errDowngrade, m.Version, w.device.Version)
	}
	if err := w.admitOld(m); err != nil {
		return err
	}
	return w.admitBoot(m)
}

func (w *Work) admitOld(m *release.Manifest) error {
	if m.MinVersion != nil && w.device.Version.Compare(*m.MinVersion) < 0 {
		return fmt.Errorf("%w: %s needs at least %s, this is %s", errTooOld, m.Version, m.MinVersion, w.device.Version)
	}
	return nil
}

// admitBoot asks for the room that new boot files take, three times for safe writing.
func (w *Work) admitBoot(m *release.Manifest) error {
	var need int64
	for _, file := range m.Boot {
		if _, err := os.Stat(filepath.Join(w.Boot, file.Path)); errors.Is(err, fs.ErrNotExist) {
			need += 3 * file.Size
		}
	}
	if need == 0 {
		return nil
	}
	var room unix.Statfs_t
	if err := unix.Statfs(w.Boot, &room); err != nil {
		return fmt.Errorf("cannot look at the boot partition: %w", err)
	}
	if free := int64(room.Bavail) * room.Bsize; free < need {
		return fmt.Errorf("%w: %d KB are free, %d KB are needed", errSpace, free>>10, need>>10)
	}
	return nil
}

func (w *Work) install(ctx context.Context, view *trust.View, m *release.Manifest) error {
	index, err := view.Target(ctx, m.Index.Path, m.Index.Size)
	if err != nil {
		return err
	}
	found := updatework.Found{Version: m.Version.String(), Size: m.Image.Size}
	err = engine.Install(ctx, engine.Input{
		Manifest: m, Index: index, Deltas: deltas(ctx, view, m), Source: w.source, Target: w.Target, Seed: w.Seed, Kept: w.Dir,
		TargetSlot: w.TargetSlot, SeedSlot: w.SeedSlot, Metered: w.Metered,
		Begin: func() error { return w.found(found) },
	}, w.progress())
	if err != nil {
		return err
	}
	return w.bootFiles(ctx, m)
}

// deltas fetches the table of deltas of a release. It is a help and no more: where
// there is none that can be used, there are no deltas.
func deltas(ctx context.Context, view *trust.View, m *release.Manifest) []casync.Delta {
	file, err := view.Target(ctx, trust.DeltasName(m.DeviceType, m.Variant, m.Version), maxTable*m.Index.Size)
	if err != nil {
		return nil
	}
	deltas, err := casync.ReadDeltas(file)
	if err != nil {
		return nil
	}
	return deltas
}

// progress tells at most ten times a second, and each new stage.
func (w *Work) progress() func(engine.Progress) {
	var told time.Time
	stage := ""
	return func(p engine.Progress) {
		if time.Since(told) < 100*time.Millisecond && p.Stage == stage {
			return
		}
		told, stage = time.Now(), p.Stage
		// Fails only when the updater is gone, which ends this process too.
		_ = w.Tell(updatework.Report{Progress: &updatework.Progress{
			Done: p.Done, Total: p.Total, FromSeed: p.FromSeed, FromTarget: p.FromTarget, Downloaded: p.Downloaded, Stage: p.Stage,
		}})
	}
}

// bootFiles adds the boot files that are not there yet. Those that are, the boot
// loader itself among them, are left: no order of writes to FAT is safe while the
// firmware may read them.
func (w *Work) bootFiles(ctx context.Context, m *release.Manifest) error {
	var missing []string
	for _, file := range m.Boot {
		if _, err := os.Stat(filepath.Join(w.Boot, file.Path)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, file.Path)
		}
	}
	pending := filepath.Join(w.Dir, updatework.PendingBootFiles)
	if len(missing) > 0 {
		// So that the next boot finishes what a power cut interrupts.
		list, err := json.Marshal(missing)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(pending, list, 0o600); err != nil {
			return err
		}
	}
	if err := w.addBootFiles(ctx, m); err != nil {
		return err
	}
	// In a folder that was made just now Linux does not write the removal of a side
	// file with the folder: seen on the recorded disk.
	if err := syncAll(w.Boot); err != nil {
		return err
	}
	return atomicfile.Remove(pending)
}

// syncAll makes durable what is on the file system of dir.
func syncAll(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.Syncfs(int(file.Fd()))
}

func (w *Work) addBootFiles(ctx context.Context, m *release.Manifest) error {
	for _, file := range m.Boot {
		if err := w.bootFile(ctx, file); err != nil {
			return fmt.Errorf("cannot add the boot file %s: %w", file.Path, err)
		}
	}
	return nil
}

func (w *Work) bootFile(ctx context.Context, file release.File) error {
	path := filepath.Join(w.Boot, file.Path)
	// What a power cut left of an earlier try is finished, whatever its content.
	if err := atomicfile.Finish(path); err != nil {
		return err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := w.source.Fetch(ctx, trust.BootPath(file.SHA256), file.Size)
	if err != nil {
		return err
	}
	if err := verify(data, file); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(path, nil, data, 0o600)
}
