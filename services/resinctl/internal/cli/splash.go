package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/godbus/dbus/v5"
	"github.com/spf13/cobra"

	"resinos.io/proto/splash1"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
)

// errDeclined means that the person said no.
var errDeclined = errors.New("nothing was done")

// A splashState is the JSON of `splash`.
type splashState struct {
	Source  string `json:"source"`
	Width   uint32 `json:"width"` // in pixels
	Height  uint32 `json:"height"`
	Problem string `json:"problem"`
}

func (a *App) splashCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "splash",
		Short: "Show or change the boot logo",
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.showSplash(cmd) },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use:   "set FILE.png",
			Short: "Use a picture",
			Args:  cobra.ExactArgs(1),
			RunE:  a.setSplash,
		},
		&cobra.Command{
			Use:   "reset",
			Short: "Go back to the built-in logo",
			RunE: func(cmd *cobra.Command, _ []string) error {
				d, err := a.device()
				if err != nil {
					return err
				}
				if err := splash1.NewClient(d.Conn).ResetLogo(cmd.Context()); err != nil {
					return refused("cannot reset the logo", err)
				}
				if err := a.settled(cmd, d, splash1.BusName, func(v device.Values) bool { return !isOwn(v) }); err != nil {
					return err
				}
				return a.showSplash(cmd)
			},
		},
	)
	return cmd
}

func (a *App) setSplash(cmd *cobra.Command, args []string) error {
	file, err := os.Open(args[0])
	if err != nil {
		return fmt.Errorf("cannot read the picture: %w", err)
	}
	defer file.Close()
	d, err := a.device()
	if err != nil {
		return err
	}
	if err := splash1.NewClient(d.Conn).SetLogo(cmd.Context(), dbus.UnixFD(file.Fd()), nil); err != nil {
		return refused("cannot set the logo", err)
	}
	if err := a.settled(cmd, d, splash1.BusName, isOwn); err != nil {
		return err
	}
	return a.showSplash(cmd)
}

// isOwn says whether the logo is the device's own.
func isOwn(v device.Values) bool { return device.Value[string](v, splash1.PropertySource) == "custom" }

func (a *App) showSplash(cmd *cobra.Command) error {
	d, err := a.device()
	if err != nil {
		return err
	}
	v, err := a.values(cmd, d, splash1.BusName)
	if err != nil {
		return err
	}
	s := splashState{
		Source:  device.Value[string](v, splash1.PropertySource),
		Width:   device.Value[uint32](v, splash1.PropertyWidth),
		Height:  device.Value[uint32](v, splash1.PropertyHeight),
		Problem: device.Value[string](v, splash1.PropertyProblem),
	}
	return a.print(s, func() {
		a.Out.Printf("the logo is the %s one, %d x %d pixels\n", map[bool]string{true: "device's own", false: "built-in"}[isOwn(v)], s.Width, s.Height)
		if s.Problem != "" {
			a.Out.Printf("%s\n", terminal.Printable(s.Problem))
		}
	})
}
