package status

import (
	"fmt"
	"strings"

	"resinos.io/services/resinctl/internal/terminal"
)

// Write writes the status for a person, on one screen.
func (s Status) Write(out *terminal.Output) {
	out.Printf("%s\n", out.Paint(terminal.Bold, s.headline()))
	row := func(name, value string) {
		if value != "" {
			out.Printf("%-10s %s\n", name, terminal.Printable(value))
		}
	}
	row("name", s.name())
	row("addresses", s.addresses())
	row("state", s.State.text())
	row("data", s.Data.text())
	if s.PurgePending != "" {
		row("purge", s.PurgePending+" at the next boot")
	}
	row("update", s.update())
	row("rollback", s.LastRollback)
	out.Printf("services\n")
	for _, service := range s.Services {
		service.write(out)
	}
}

func (s Status) headline() string {
	parts := []string{strings.TrimSpace("resinOS " + s.Version)}
	if s.Variant != "" {
		parts = append(parts, s.Variant)
	}
	if s.Slot != "" {
		parts = append(parts, "slot "+s.Slot)
	}
	return terminal.Printable(strings.Join(parts, ", "))
}

func (s Status) name() string {
	if s.MDNS == "" {
		return s.Hostname
	}
	return fmt.Sprintf("%s (%s.local)", s.Hostname, s.MDNS)
}

func (s Status) addresses() string {
	texts := make([]string, 0, len(s.Addresses))
	for _, a := range s.Addresses {
		texts = append(texts, a.Interface+" "+a.Address)
	}
	return strings.Join(texts, ", ")
}

func (u Usage) text() string {
	if u.Size == 0 {
		return ""
	}
	return terminal.Share(u.Used, u.Size)
}

func (s Status) update() string {
	switch {
	case s.OnTrial:
		return "on trial: it has yet to prove itself"
	case s.Available != "" && s.Available != s.Version:
		return s.Available + " is available"
	}
	return ""
}

func (s Service) write(out *terminal.Output) {
	state := s.State
	if s.State == Absent {
		state = "not there: " + s.Why
	}
	if s.Config == "last-good" {
		state += ", with the last good configuration"
	}
	out.Printf("  %-17s %s\n", s.Name, out.Paint(s.colour(), terminal.Printable(state)))
	for _, p := range s.Problems {
		out.Printf("    %s\n", terminal.Printable(strings.TrimPrefix(p.What+": "+p.Why, ": ")))
	}
}

func (s Service) colour() terminal.Colour {
	switch {
	case s.State == "ready":
		return terminal.Green
	case s.Healthy() || s.State == "degraded":
		return terminal.Yellow
	}
	return terminal.Red
}
