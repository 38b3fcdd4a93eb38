package work

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

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
	if m.Version.Compare(w.device.Version) <= 0 && !w.Downgrade {
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
