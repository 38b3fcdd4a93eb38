package cli

import (
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/spf13/cobra"

	"resinos.io/proto/update1"
	"resinos.io/proto/update1job"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
)

// An updateState is the JSON of `update status`.
type updateState struct {
	Current      string    `json:"currentVersion"`
	Available    string    `json:"availableVersion"`
	Booted       string    `json:"bootedSlot"`
	Primary      string    `json:"primarySlot"`
	OnTrial      bool      `json:"tryPending"`
	LastRollback string    `json:"lastRollbackReason"`
	Slots        []slot    `json:"slots"`
	Job          *progress `json:"job"` // null if none runs
}

type slot struct {
	Slot    string `json:"slot"`
	Version string `json:"version"`
	State   string `json:"state"`
	Device  string `json:"device"`
}

// An event is one of the JSON of `update history`.
type event struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Version string    `json:"version"`
	Detail  string    `json:"detail"`
}

func (a *App) updateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update",
		Short: "Update the system, or go back",
	}
	var force, now, yes bool
	reboot := &cobra.Command{
		Use: "reboot", Short: "Reboot, into the release that was installed if there is one",
		RunE: a.change("cannot reboot", "The device reboots.", func(cmd *cobra.Command, c *update1.Client) error {
			return c.Reboot(cmd.Context(), options("force", force))
		}),
	}
	reboot.Flags().BoolVar(&force, "force", false, "also while a program holds an update lock")
	rollback := &cobra.Command{
		Use: "rollback", Short: "Go back to the other slot",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := a.confirm(yes, "The next boot is into the other slot."); err != nil {
				return err
			}
			return a.change("cannot go back", "The next boot is into the other slot.", func(cmd *cobra.Command, c *update1.Client) error {
				return c.Rollback(cmd.Context(), options("reboot", now))
			})(cmd, args)
		},
	}
	rollback.Flags().BoolVar(&now, "reboot", false, "at once")
	rollback.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.AddCommand(
		a.checkCommand(), a.installCommand(), reboot, rollback,
		&cobra.Command{Use: "status", Short: "Show the slots and what is being installed", RunE: a.updateStatus},
		&cobra.Command{Use: "history", Short: "Show what happened to the slots", RunE: a.updateHistory},
		&cobra.Command{Use: "cancel", Short: "Stop the install that runs", RunE: a.cancelUpdate},
		&cobra.Command{
			Use: "mark-good", Short: "Say that what runs is good, without waiting for its checks",
			RunE: a.change("cannot mark it good", "What runs is good.", func(cmd *cobra.Command, c *update1.Client) error {
				return c.MarkGood(cmd.Context())
			}),
		},
	)
	return cmd
}

// options returns one option, if it is on.
func options(name string, on bool) map[string]dbus.Variant {
	if !on {
		return nil
	}
	return map[string]dbus.Variant{name: dbus.MakeVariant(true)}
}

// change makes a command of one call.
func (a *App) change(failed, done string, call func(*cobra.Command, *update1.Client) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		d, err := a.device()
		if err != nil {
			return err
		}
		if err := call(cmd, update1.NewClient(d.Conn)); err != nil {
			return refused(failed, err)
		}
		return a.done("%s", done)
	}
}

func (a *App) checkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Ask the repository what there is",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.device()
			if err != nil {
				return err
			}
			found, err := update1.NewClient(d.Conn).Check(cmd.Context(), nil)
			if err != nil {
				return refused("cannot ask the repository", err)
			}
			version := device.Value[string](found, "version")
			size := device.Value[uint64](found, "size")
			known := len(found) > 0
			return a.print(map[string]any{"known": known, "version": version, "size": size}, func() {
				switch {
				case !known:
					a.Out.Printf("The repository is being asked; `resinctl update status` shows its answer.\n")
				case version == "":
					a.Out.Printf("There is nothing newer.\n")
				default:
					a.Out.Printf("%s is available, %s\n", terminal.Printable(version), terminal.Bytes(size))
				}
			})
		},
	}
}

func (a *App) updateStatus(cmd *cobra.Command, _ []string) error {
	d, err := a.device()
	if err != nil {
		return err
	}
	v, err := a.values(cmd, d, update1.BusName)
	if err != nil {
		return err
	}
	s := updateState{
		Current:      device.Value[string](v, update1.PropertyCurrentVersion),
		Available:    device.Value[string](v, update1.PropertyAvailableVersion),
		Booted:       device.Value[string](v, update1.PropertyBootedSlot),
		Primary:      device.Value[string](v, update1.PropertyPrimarySlot),
		OnTrial:      device.Value[bool](v, update1.PropertyTryPending),
		LastRollback: device.Value[string](v, update1.PropertyLastRollbackReason),
		Slots:        []slot{},
	}
	for _, one := range device.Value[[]map[string]dbus.Variant](v, update1.PropertySlots) {
		s.Slots = append(s.Slots, slot{
			device.Value[string](one, "slot"), device.Value[string](one, "version"),
			device.Value[string](one, "state"), device.Value[string](one, "device"),
		})
	}
	if job := device.Value[dbus.ObjectPath](v, update1.PropertyActiveJob); job != "/" && job != "" {
		if p, err := readJob(cmd.Context(), d, job); err == nil { // or it ended just now
			s.Job = &p
		}
	}
	return a.print(s, func() { a.updateText(s) })
}

func (a *App) updateText(s updateState) {
	a.Out.Printf("runs %s from slot %s; the next boot is into slot %s\n", terminal.Printable(s.Current), s.Booted, s.Primary)
	for _, one := range s.Slots {
		a.Out.Printf("  slot %s  %-24s %s\n", terminal.Printable(one.Slot), terminal.Printable(one.Version), terminal.Printable(one.State))
	}
	if s.Available != "" {
		a.Out.Printf("available: %s\n", terminal.Printable(s.Available))
	}
	if s.LastRollback != "" {
		a.Out.Printf("last rollback: %s\n", terminal.Printable(s.LastRollback))
	}
	if s.Job != nil {
		a.Out.Printf("installing: %s\n", s.Job.line(rate{}))
	}
}

func (a *App) updateHistory(cmd *cobra.Command, _ []string) error {
	d, err := a.device()
	if err != nil {
		return err
	}
	v, err := a.values(cmd, d, update1.BusName)
	if err != nil {
		return err
	}
	events := []event{}
	for _, e := range device.Value[[]update1.Event](v, update1.PropertyHistory) {
		events = append(events, event{time.Unix(int64(e.Time), 0).UTC(), e.Event, e.Version, e.Detail})
	}
	return a.print(events, func() {
		for _, e := range events {
			a.Out.Printf("%s  %-12s %-24s %s\n", e.Time.Format(time.DateTime), terminal.Printable(e.Event), terminal.Printable(e.Version), terminal.Printable(e.Detail))
		}
	})
}

func (a *App) cancelUpdate(cmd *cobra.Command, _ []string) error {
	d, err := a.device()
	if err != nil {
		return err
	}
	job, err := update1.NewClient(d.Conn).ActiveJob(cmd.Context())
	if err != nil {
		return refused("cannot find the install", err)
	}
	if job == "/" {
		return fmt.Errorf("cannot cancel: %w", errNoJob)
	}
	if err := update1job.NewClient(d.Conn, update1.BusName, job).Cancel(cmd.Context()); err != nil {
		return refused("cannot cancel the install", err)
	}
	return a.done("The install is told to stop; the next one takes it up where it was.")
}
