package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/proto/log1"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
)

// A logState is the JSON of `logs`. Sizes are in bytes.
type logState struct {
	Persistent    bool   `json:"persistent"`
	Desired       bool   `json:"desiredPersistent"`
	RuntimeMaxUse uint64 `json:"runtimeMaxUse"`
	SystemMaxUse  uint64 `json:"systemMaxUse"`
	DiskUsage     uint64 `json:"diskUsage"`
}

func (a *App) logsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logs",
		Short: "Show or choose where the journal is kept (journalctl reads it)",
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.showLogs(cmd) },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:       "persistent on|off",
			Short:     "Keep the journal over reboots, or in memory only",
			Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
			ValidArgs: []cobra.Completion{"on", "off"},
			RunE:      a.setPersistent,
		},
		&cobra.Command{
			Use:   "vacuum SIZE",
			Short: "Remove the oldest of the journal on disk, until it takes at most SIZE (such as 64M)",
			Args:  cobra.ExactArgs(1),
			RunE:  a.vacuum,
		},
		&cobra.Command{
			Use:   "flush",
			Short: "Return when every line so far survives a power cut",
			RunE: func(cmd *cobra.Command, _ []string) error {
				d, err := a.device()
				if err != nil {
					return err
				}
				if err := log1.NewClient(d.Conn).Flush(cmd.Context()); err != nil {
					return refused("cannot flush the journal", err)
				}
				return a.done("The journal is on disk.")
			},
		},
	)
	return cmd
}

func (a *App) showLogs(cmd *cobra.Command) error {
	d, err := a.device()
	if err != nil {
		return err
	}
	v, err := a.values(cmd, d, log1.BusName)
	if err != nil {
		return err
	}
	s := logState{
		Persistent:    device.Value[bool](v, log1.PropertyPersistent),
		Desired:       device.Value[bool](v, log1.PropertyDesiredPersistent),
		RuntimeMaxUse: device.Value[uint64](v, log1.PropertyRuntimeMaxUse),
		SystemMaxUse:  device.Value[uint64](v, log1.PropertySystemMaxUse),
		DiskUsage:     device.Value[uint64](v, log1.PropertyDiskUsage),
	}
	return a.print(s, func() {
		kept := "in memory, at most " + terminal.Bytes(s.RuntimeMaxUse)
		if s.Persistent {
			kept = "on the data partition"
		}
		if s.Desired != s.Persistent {
			kept += " (not yet as config.json asks)"
		}
		a.Out.Printf("the journal is kept %s; it has %s\n", kept, terminal.Bytes(s.DiskUsage))
	})
}

func (a *App) setPersistent(cmd *cobra.Command, args []string) error {
	d, err := a.device()
	if err != nil {
		return err
	}
	if err := log1.NewClient(d.Conn).SetPersistent(cmd.Context(), args[0] == "on", nil); err != nil {
		return refused("cannot choose where the journal is kept", err)
	}
	err = a.settled(cmd, d, log1.BusName, func(v device.Values) bool {
		return device.Value[bool](v, log1.PropertyPersistent) == (args[0] == "on")
	})
	if err != nil {
		return err
	}
	return a.showLogs(cmd)
}

func (a *App) vacuum(cmd *cobra.Command, args []string) error {
	size, err := parseSize(args[0])
	if err != nil {
		return err
	}
	d, err := a.device()
	if err != nil {
		return err
	}
	freed, err := log1.NewClient(d.Conn).Vacuum(cmd.Context(), size, nil)
	if err != nil {
		return refused("cannot remove journal files", err)
	}
	return a.print(map[string]uint64{"freed": freed}, func() { a.Out.Printf("%s freed\n", terminal.Bytes(freed)) })
}

// parseSize reads bytes, or digits with K, M, G or T (powers of 1024).
func parseSize(text string) (uint64, error) {
	digits, shift := text, 0
	if i := strings.IndexAny(text, "KMGT"); i >= 0 && i == len(text)-1 {
		digits, shift = text[:i], 10*(strings.IndexByte("KMGT", text[i])+1)
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n<<shift>>shift != n {
		return 0, fmt.Errorf("%w: %q is no size such as 64M", errUsage, text)
	}
	return n << shift, nil
}
