// Package doctor finds out why a service does not answer, and says it in plain
// words: its unit, the owner of its name, its policy, its version, its answer.
//
// It looks and changes nothing. One service's fault hides no other's.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"resinos.io/services/resinctl/internal/device"
	"resinos.io/shared/layout"
)

// A Verdict is how a finding is to be taken.
type Verdict string

// The verdicts.
const (
	Fine  Verdict = "fine"
	Note  Verdict = "note"  // on purpose, or of no consequence
	Fault Verdict = "fault" // does not work as it should
)

// A Finding is what was found out about one service.
type Finding struct {
	Service string  `json:"service"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text"`
	Advice  string  `json:"advice"` // what to do about it, "" if nothing
}

// A Device is what the doctor asks.
type Device interface {
	Unit(ctx context.Context, s device.Service) (device.Unit, error)
	Owner(ctx context.Context, busName string) (pid uint32, err error)
	Ask(ctx context.Context, s device.Service) device.Report
}

// A Doctor looks at a device.
type Doctor struct {
	Device  Device
	Root    layout.Root
	Version string // of resinctl, which came with the services
}

// Examine looks at one service. The first fault is told: what follows comes from it.
func (d Doctor) Examine(ctx context.Context, s device.Service) Finding {
	unit, err := d.Device.Unit(ctx, s)
	if err != nil {
		return finding(s, Fault, err.Error(), "systemd is asked over the bus: look at `systemctl status dbus` and `journalctl -b -u dbus`.")
	}
	pid, err := d.Device.Owner(ctx, s.BusName)
	switch {
	case err != nil:
		return finding(s, Fault, "The bus does not say who owns "+s.BusName+": "+err.Error(), "Look at `systemctl status dbus`.")
	case pid == 0:
		return d.unowned(s, unit)
	case pid != unit.MainPID:
		return finding(s, Fault, fmt.Sprintf("The name %s is owned by process %d, which is not that of %s.", s.BusName, pid, s.Unit()),
			fmt.Sprintf("See what it is with `ps %d`; while it has the name, the service cannot start.", pid))
	}
	return d.owned(ctx, s)
}

// unowned says why nobody owns the name.
func (d Doctor) unowned(s device.Service, unit device.Unit) Finding {
	journal := "See why with `journalctl -b -u " + s.Name + "`"
	switch {
	case unit.Load == "not-found":
		return finding(s, Note, "It is not installed: "+s.Owns+" is left to others.", "")
	case unit.Load == "masked":
		return finding(s, Note, "It is masked: somebody switched it off.", "`systemctl unmask "+s.Name+"` takes that back.")
	case unit.Load != "loaded":
		return finding(s, Fault, "Its unit cannot be loaded: "+unit.Load+".", "`systemd-analyze verify "+s.Unit()+"` says why.")
	case unit.Active == "failed":
		return finding(s, Fault, "It failed: "+unit.Result+".", journal+", and start it again with `systemctl restart "+s.Name+"`.")
	case unit.Active == "activating":
		return finding(s, Note, "It is starting.", "If that lasts longer than half a minute: "+lower(journal)+".")
	case unit.Active == "active":
		return d.nameless(s, journal)
	case unit.File == "disabled":
		return finding(s, Note, "It is disabled in this image.", "`systemctl start "+s.Name+"` starts it until the next boot.")
	}
	return finding(s, Fault, "It is enabled, but does not run.", journal+", and start it with `systemctl start "+s.Name+"`.")
}

// nameless says why a service that runs has no name.
func (d Doctor) nameless(s device.Service, journal string) Finding {
	policy := d.Root.Path("/usr/share/dbus-1/system.d/" + s.BusName + ".conf")
	if _, err := os.Stat(policy); errors.Is(err, fs.ErrNotExist) {
		return finding(s, Fault, "Its unit runs, but the bus has no policy that lets it own "+s.BusName+".",
			"The file "+policy+" is missing from the image.")
	}
	return finding(s, Fault, "Its unit runs, but it does not own the name "+s.BusName+".",
		journal+"; the bus reads its policies at `systemctl reload dbus`.")
}

// owned looks at a service whose name is owned by its own process.
func (d Doctor) owned(ctx context.Context, s device.Service) Finding {
	report := d.Device.Ask(ctx, s)
	switch {
	case errors.Is(report.Err, device.ErrNotAllowed):
		return finding(s, Fault, "The bus does not let this user ask it.", "Its policy in /usr/share/dbus-1/system.d must allow reading to everybody.")
	case report.Err != nil:
		return finding(s, Fault, "It owns its name, but does not answer: "+report.Err.Error()+".",
			"systemd ends it when it hangs for three minutes; `systemctl restart "+s.Name+"` does so now.")
	case report.Version != d.Version:
		return finding(s, Fault, fmt.Sprintf("It is version %s, and resinctl is %s.", report.Version, d.Version),
			"It was started before an update, or comes from another image: `systemctl restart "+s.Name+"`.")
	case report.State == "failed":
		return finding(s, Fault, "It answers, but could not do its work: "+problems(report)+".", "It tries again by itself; `journalctl -b -u "+s.Name+"` tells how often.")
	case report.State == "degraded":
		return finding(s, Fault, "It works, but not all is as configured: "+problems(report)+".", "`resinctl config check` looks at config.json.")
	case report.State == "starting":
		return finding(s, Note, "It is starting.", "")
	}
	return finding(s, Fine, "It works.", "")
}

func problems(r device.Report) string {
	texts := make([]string, 0, len(r.Problems))
	for _, p := range r.Problems {
		texts = append(texts, strings.TrimPrefix(p.What+": "+p.Why, ": "))
	}
	return strings.Join(texts, "; ")
}

func finding(s device.Service, v Verdict, text, advice string) Finding {
	return Finding{Service: s.Name, Verdict: v, Text: text, Advice: advice}
}

func lower(text string) string { return strings.ToLower(text[:1]) + text[1:] }
