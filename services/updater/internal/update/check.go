package update

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/job"
	"resinos.io/shared/release"
	"resinos.io/shared/updatework"
)

// How often the repository is asked. Each device waits another time, so that a
// million of them that came up together do not ask together.
const (
	askEvery = 6 * time.Hour
	firstAsk = 10 * time.Minute // at most, after the start or a new url
	askTime  = 5 * time.Minute  // for one look
	// retryAfter is between two installations that nobody asked for, when the first failed.
	retryAfter = time.Hour
	checkWait  = 900 * time.Millisecond // a method waits no longer
)

// soon returns when a repository that is new to us is asked.
func (u *Updater) soon() time.Time { return u.Book.Now().Add(rand.N(firstAsk)) }

// Check is the method.
func (u *Updater) Check(ctx context.Context, given map[string]dbus.Variant) (map[string]dbus.Variant, error) {
	if err := bus.RejectOptions(given); err != nil {
		return nil, err
	}
	answer, err := u.ask()
	if err != nil {
		return nil, err
	}
	select {
	case found := <-answer:
		if found == nil {
			return map[string]dbus.Variant{}, nil
		}
		return map[string]dbus.Variant{"version": dbus.MakeVariant(found.Version), "size": dbus.MakeVariant(uint64(found.Size))}, nil
	case <-time.After(checkWait):
	case <-ctx.Done():
	}
	return map[string]dbus.Variant{}, nil
}

// ask looks into the repository, in the background. The channel gets what was
// found, nil if it could not be asked.
func (u *Updater) ask() (<-chan *updatework.Found, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	repository, err := u.repository("")
	if err != nil {
		return nil, err
	}
	if u.active != "" || u.asking {
		return nil, job.ErrRunning
	}
	u.asking = true
	request := u.request(updatework.Check, repository)
	answer := make(chan *updatework.Found, 1)
	go func() { answer <- u.look(request) }()
	return answer, nil
}

func (u *Updater) look(request updatework.Request) *updatework.Found {
	ctx, cancel := context.WithTimeout(u.Life, askTime)
	defer cancel()
	var what *updatework.Found
	err := u.Worker.Run(ctx, request, worker.Hooks{Found: func(found updatework.Found) error { what = &found; return nil }})
	u.mu.Lock()
	defer u.mu.Unlock()
	u.asking, u.fault = false, err
	u.nextAsk = u.Book.Now().Add(askEvery/2 + rand.N(askEvery))
	u.Book.Checked = u.Book.Now()
	if err == nil && what != nil && what.Version != u.Book.Known {
		u.Book.Known = what.Version
		u.save()
	}
	u.Changed()
	if err != nil {
		return nil
	}
	return what
}

// WakeUp is called now and then. It asks the repository when that is due, and
// installs what it has if the owner wants that done without being asked.
func (u *Updater) WakeUp(ctx context.Context) {
	if u.rebootWaits() {
		// Refused while the lock is held; the next time it may be free.
		if err := u.Reboot(ctx, nil); err != nil && !errors.Is(err, ErrLocked) {
			u.Log.Error("the reboot into the update fails", "error", err)
		}
		return
	}
	if u.due() {
		// Its only errors are that there is nobody to ask, or that work is under way.
		_, _ = u.ask()
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.wanted() {
		return
	}
	if _, err := u.start("", options{reboot: true}); err != nil {
		u.Log.Error("the update cannot be installed", "error", err)
	}
}

// rebootWaits says whether a reboot that was to follow an installation is still to come.
func (u *Updater) rebootWaits() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.postponed || u.active != "" {
		return false
	}
	state, err := u.load()
	u.postponed = err == nil && state.Trial() && state.Slot != u.Booted // or it was taken back
	return u.postponed
}

func (u *Updater) due() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.config.Update.URL != "" && u.active == "" && !u.asking && !u.nextAsk.IsZero() && u.Book.Now().After(u.nextAsk)
}

// wanted says whether the newest release is to be installed now. One that failed
// here is not tried again by itself.
func (u *Updater) wanted() bool {
	if !u.config.Update.Auto || u.active != "" || u.Book.Known == "" || u.Book.Now().Before(u.notBefore) || !inWindow(u.config.Update.Window, u.Book.Now()) {
		return false
	}
	known, err := release.ParseVersion(u.Book.Known)
	if err != nil || known.Compare(u.Runs.Version) <= 0 {
		return false
	}
	state, err := u.load()
	if err != nil || state.Trial() {
		return false
	}
	return u.Book.Versions[u.dormant()] != u.Book.Known || u.Book.Bad != u.dormant()
}

// inWindow says whether now is in the time of the day in which updates may come.
func inWindow(window *config.Window, now time.Time) bool {
	if window == nil {
		return true
	}
	now = now.Local()
	at := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute
	if window.Start <= window.End {
		return window.Start <= at && at < window.End
	}
	return at >= window.Start || at < window.End
}
