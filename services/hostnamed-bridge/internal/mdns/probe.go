package mdns

import (
	"context"
	"errors"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/holoplot/go-avahi"
)

const (
	firstProbe = 2 * time.Second  // until the wanted name is asked for again after a first collision
	lastProbe  = time.Minute      // the longest pause between two looks
	probeTime  = 15 * time.Second // Avahi gives up after 5
)

// startProbe looks, after a pause that grows, whether anybody still answers to
// name, and lets it be set again when nobody does. The caller holds the lock.
//
// The first time it does not look: Avahi 0.8 hears its own multicast, and takes it
// for another host's when the address in it has gone meanwhile, as a link-local
// one does when a router announces itself (github.com/avahi/avahi/issues/117).
// That is over when the addresses are, and its own probing tells it from a host.
func (r *Responder) startProbe(name string) {
	if r.probe != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.probe = cancel
	pause, first := r.pause, r.pause == firstProbe
	r.pause = min(2*pause, lastProbe) // for the next collision, unless the name was ours in between
	go func() {
		for sleep(ctx, pause) {
			if (first || isFree(ctx, name)) && ctx.Err() == nil {
				r.forget()
				r.changed()
				return
			}
			pause = min(2*pause, lastProbe)
		}
	}()
}

// stopProbe ends what startProbe began. The caller holds the lock.
func (r *Responder) stopProbe() {
	if r.probe != nil {
		r.probe()
		r.probe = nil
	}
}

// isFree reports whether Avahi finds nobody with the name: it answers with an
// error of its own then. Any other failure says nothing.
func isFree(ctx context.Context, name string) bool {
	err := session(ctx, probeTime, func(s server) error {
		_, err := s.ResolveHostName(avahi.InterfaceUnspec, avahi.ProtoUnspec, name+".local", avahi.ProtoUnspec, 0)
		return err
	})
	var answer dbus.Error
	return errors.As(err, &answer) && answer.Name == "org.freedesktop.Avahi.TimeoutError"
}

// sleep reports whether the time passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
