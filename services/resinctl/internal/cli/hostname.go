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
			if err := a.settled(cmd, d, hostname1.BusName, func(v device.Values) bool { return isNamed(v, name) }); err != nil {
				return err
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

// isNamed says whether the device has a name, or, for "", the one from its uuid.
func isNamed(v device.Values, name string) bool {
	inForce := device.Value[string](v, hostname1.PropertyHostname)
	if name == "" {
		return device.Value[string](v, hostname1.PropertySource) == "uuid" && inForce == device.Value[string](v, hostname1.PropertyDesiredHostname)
	}
	return inForce == name
}
