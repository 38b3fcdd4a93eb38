package work

import (
	"context"
	"fmt"

	"resinos.io/shared/trust"
)

// whyNone finds out why there is no release for this device, newest first: a
// person who asked for one wants to know. It returns none if there is nothing to say.
func (w *Work) whyNone(ctx context.Context, view *trust.View, none error) error {
	if w.elsewhere(view) {
		return fmt.Errorf("%w: none for %s, %s", errDevice, w.device.Type, w.device.Variant)
	}
	for _, version := range view.Versions(w.device.Type, w.device.Variant) {
		if version.Compare(w.device.Version) <= 0 {
			break
		}
		manifest, err := view.Manifest(ctx, w.device.Type, w.device.Variant, version)
		if err != nil {
			return err
		}
		if manifest.Channel != w.device.Channel || manifest.Rollout.Pulled {
			continue
		}
		if err := w.admitOld(manifest); err != nil {
			return err
		}
		if !manifest.Reached(w.device.UUID) {
			return fmt.Errorf("%w: %s", errNotYet, version)
		}
	}
	return none
}

// elsewhere says whether the repository has something, but nothing for this kind of device.
func (w *Work) elsewhere(view *trust.View) bool {
	return len(view.Targets()) > 0 && len(view.Versions(w.device.Type, w.device.Variant)) == 0
}
