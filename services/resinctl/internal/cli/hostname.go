package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"resinos.io/proto/hostname1"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
)

// A nameState is the JSON of `hostname`.
type nameState struct {
	Hostname string `json:"hostname"`
	Desired  string `json:"desiredHostname"`
	Source   string `json:"source"`
	MDNS     string `json:"mdnsName"`
	State    string `json:"mdnsState"`
	UUID     string `json:"uuid"`
}

func (a *App) hostnameCommand() *cobra.Command {
	var reset bool
	cmd := &cobra.Command{
		Use:   "hostname [NAME]",
		Short: "Show or set the device's name",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if reset && len(args) > 0 {
				return fmt.Errorf("%w: either NAME or --reset", errUsage)
			}
			d, err := a.device()
			if err != nil {
				return err
			}
			if !reset && len(args) == 0 {
				return a.showName(cmd, d)
			}
			name := ""
			if !reset {
				name = args[0]
			}
			if name == "" && !reset {
				return fmt.Errorf("%w: the name is empty; --reset takes it away", errUsage)
			}
			if err := hostname1.NewClient(d.Conn).SetHostname(cmd.Context(), name, nil); err != nil {
				return refused("cannot set the name", err)
			}
			return a.showName(cmd, d)
		},
	}
	cmd.Flags().BoolVar(&reset, "reset", false, "go back to the name that comes from the uuid")
	return cmd
}

func (a *App) showName(cmd *cobra.Command, d device.Device) error {
	v, err := a.values(cmd, d, hostname1.BusName)
	if err != nil {
		return err
	}
	s := nameState{
		Hostname: device.Value[string](v, hostname1.PropertyHostname),
		Desired:  device.Value[string](v, hostname1.PropertyDesiredHostname),
		Source:   device.Value[string](v, hostname1.PropertySource),
		MDNS:     device.Value[string](v, hostname1.PropertyMdnsName),
		State:    device.Value[string](v, hostname1.PropertyMdnsState),
		UUID:     device.Value[string](v, hostname1.PropertyUuid),
	}
	return a.print(s, func() { a.Out.Printf("%s\n", terminal.Printable(s.Hostname)) })
}

// values returns the properties of the service with a bus name.
func (a *App) values(cmd *cobra.Command, d device.Device, busName string) (device.Values, error) {
	for _, s := range device.Services() {
		if s.BusName == busName {
			v, err := d.Get(cmd.Context(), s, busName)
			if err != nil {
				return nil, fmt.Errorf("%w; `resinctl doctor %s` finds out why", err, s.Name)
			}
			return v, nil
		}
	}
	return nil, fmt.Errorf("%w: %s", device.ErrNotRunning, busName)
}
