package update

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/job"
	"resinos.io/shared/updatework"
)

const supervisorUnit = "resin-supervisor.service"

// Install is the method: it starts a job that writes a release.
func (u *Updater) Install(_ context.Context, source string, given map[string]dbus.Variant) (dbus.ObjectPath, error) {
	o, err := parseOptions(given)
	if err != nil {
		return "", err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.start(source, o)
}

// start starts the job, with the lock held.
func (u *Updater) start(source string, o options) (dbus.ObjectPath, error) {
	repository, err := u.repository(source)
	if err != nil {
		return "", err
	}
	state, err := u.load()
	if err != nil {
		return "", err
	}
	if u.onTrial(state) {
		return "", ErrNotCommitted
	}
	request := u.request(updatework.Install, repository)
	request.Version, request.Downgrade, request.Metered, request.Rate = o.version, o.downgrade, o.metered, o.rate
	path, err := u.Jobs.Start(u.Life, func(ctx context.Context, report func(job.Progress)) error {
		err := u.install(ctx, request, o.reboot, report)
		if err != nil {
			u.backOff()
		}
		return err
	})
	if err != nil {
		return "", err
	}
	u.active = path
	u.Changed()
	return path, nil
}

// Ended is called when a job has ended.
func (u *Updater) Ended() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.active = ""
	u.Changed()
}

func (u *Updater) request(operation, repository string) updatework.Request {
	channel := u.config.Update.Channel
	if channel == "" {
		channel = "stable"
	}
	return updatework.Request{
		Operation: operation, Repository: repository,
		Device: updatework.Device{
			Type: u.Runs.DeviceType, Variant: u.Runs.Variant, Channel: channel,
			UUID: u.config.UUID, Version: u.Runs.Version.String(),
		},
		Root: u.Places.Root, Floor: u.Places.Floor, Dir: u.Book.Dir, Boot: u.Places.Boot,
		Target: u.Places.Device(u.dormant()), TargetSlot: string(u.dormant()),
		Seed: u.Places.Device(u.Booted), SeedSlot: string(u.Booted),
	}
}

// install is the job.
func (u *Updater) install(ctx context.Context, request updatework.Request, reboot bool, report func(job.Progress)) error {
	var what updatework.Found
	err := u.Worker.Run(ctx, request, worker.Hooks{
		Found:    func(found updatework.Found) error { what = found; return u.beforeWriting(found) },
		Progress: func(p updatework.Progress) { report(progress(p)) },
	})
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		u.noteFailure(what, err)
		return err
	}
	if err := u.arm(ctx, what); err != nil {
		return err
	}
	if !reboot {
		return nil
	}
	err = u.Reboot(ctx, nil)
	if errors.Is(err, ErrLocked) {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.postponed = true
		u.Log.Info("the reboot waits", "why", err)
		return nil
	}
	return err
}

// backOff keeps a device from asking for the same failure again and again, and a
// fleet from doing so in step.
func (u *Updater) backOff() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.notBefore = u.Book.Now().Add(retryAfter/2 + rand.N(retryAfter))
}

func progress(p updatework.Progress) job.Progress {
	percent := uint32(0)
	if p.Total > 0 {
		percent = uint32(p.Done * 100 / p.Total)
	}
	message := fmt.Sprintf("%s; from the running system %d MB, in place %d MB, downloaded %d MB",
		p.Stage, p.FromSeed>>20, p.FromTarget>>20, p.Downloaded>>20)
	return job.Progress{Percent: percent, BytesDone: p.Done, BytesTotal: p.Total, BytesDownloaded: p.Downloaded, Message: message}
}

// beforeWriting makes sure that the next boot is into the running system while
// the dormant slot is neither the old nor the new one.
func (u *Updater) beforeWriting(updatework.Found) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	state, err := u.load()
	if err != nil {
		return err
	}
	if safe := proven(u.Booted); state != safe {
		if err := u.store(safe); err != nil {
			return err
		}
	}
	u.Book.Trial = nil
	delete(u.Book.Versions, u.dormant())
	// Or a power cut would leave a slot that is neither and is thought to be whole.
	return u.Book.Save()
}

func (u *Updater) noteFailure(what updatework.Found, err error) {
	if what.Version == "" {
		return // nothing was written
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	event := book.Failed
	if errors.Is(err, context.Canceled) {
		event = book.Cancelled
	}
	u.Book.Add(event, what.Version, err.Error())
	u.save()
}

// arm lets the next boot try what was written. What is remembered of it is durable
// first: a trial that is not armed is dropped by Resume.
func (u *Updater) arm(ctx context.Context, what updatework.Found) error {
	before := book.Before{Network: u.System.NetworkState(ctx)}
	if state, err := u.System.ActiveState(ctx, supervisorUnit); err == nil {
		before.Supervisor = state == "active"
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.Book.Versions[u.dormant()] = what.Version
	u.Book.Versions[u.Booted] = u.Runs.Version.String() // what there is to go back to, also from the factory
	u.Book.Trial = &book.Trial{Slot: u.dormant(), Version: what.Version, From: u.Runs.Version.String(), Before: before}
	u.Book.Bad = bootenv.None
	u.Book.Add(book.Installed, what.Version, "into slot "+string(u.dormant()))
	if err := u.Book.Save(); err != nil {
		return err
	}
	u.dropJournal()
	return u.store(bootenv.State{Slot: u.dormant(), Good: u.Booted, Tries: bootenv.Tries})
}
