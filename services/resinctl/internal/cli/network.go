package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/proto/network1"
	"resinos.io/proto/service1"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
)

// A networkState is the JSON of `network`.
type networkState struct {
	Connectivity string   `json:"connectivity"`
	DNS          []string `json:"dnsServers"`
	NTP          []string `json:"ntpServers"`
	Seeds        []seed   `json:"seeds"`
}

type seed struct {
	File  string `json:"file"`
	UUID  string `json:"uuid"`
	State string `json:"state"`
	// Reason is why the file is not in force, "" if it is.
	Reason string `json:"reason,omitempty"`
}

func (a *App) networkCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "network",
		Short: "Show what the network is, and what became of the files in system-connections",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.device()
			if err != nil {
				return err
			}
			v, err := a.values(cmd, d, network1.BusName)
			if err != nil {
				return err
			}
			netseed, err := service(network1.BusName)
			if err != nil {
				return err
			}
			report := d.Ask(cmd.Context(), netseed)
			if report.Err != nil {
				return report.Err
			}
			s := network(v, report.Problems)
			return a.print(s, func() { a.networkText(s) })
		},
	}
}

// network makes the state of Network1's properties and the service's problems.
func network(v device.Values, problems []service1.Problem) networkState {
	why := map[string]string{}
	for _, p := range problems {
		why[p.What] = p.Why
	}
	s := networkState{
		Connectivity: device.Value[string](v, network1.PropertyConnectivity),
		DNS:          append([]string{}, device.Value[[]string](v, network1.PropertyDnsServers)...),
		NTP:          append([]string{}, device.Value[[]string](v, network1.PropertyNtpServers)...),
		Seeds:        []seed{},
	}
	for _, one := range device.Value[[]network1.Seed](v, network1.PropertySeeds) {
		s.Seeds = append(s.Seeds, seed{one.File, one.Uuid, one.State, why["system-connections/"+one.File]})
	}
	return s
}

func (a *App) networkText(s networkState) {
	row := func(name, value string) {
		if value == "" {
			value = "none"
		}
		a.Out.Printf("%-13s %s\n", name, terminal.Printable(value))
	}
	row("connectivity", s.Connectivity)
	row("name servers", strings.Join(s.DNS, ", "))
	row("time servers", strings.Join(s.NTP, ", "))
	for _, one := range s.Seeds {
		state := one.State
		if one.Reason != "" {
			state += ": " + one.Reason
		}
		a.Out.Printf("  %-30s %s\n", terminal.Printable(one.File), terminal.Printable(state))
	}
}
