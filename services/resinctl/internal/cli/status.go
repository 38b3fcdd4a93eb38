package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/doctor"
	"resinos.io/services/resinctl/internal/status"
	"resinos.io/services/resinctl/internal/terminal"
	"resinos.io/shared/layout"
)

func (a *App) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the device on one screen",
		Long: `Shows version, variant, slot, name, addresses, how full the partitions are, and
what each service says of itself. A service that is not there is shown as such.

Exit status 3 if a service has a problem, or does not run although it should.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := a.device()
			if err != nil {
				return err
			}
			s := status.Collect(cmd.Context(), d, layout.Root(a.root))
			if err := a.print(s, func() { s.Write(a.Out) }); err != nil {
				return err
			}
			if !s.Healthy() {
				return errProblems
			}
			return nil
		},
	}
}

func (a *App) doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor [SERVICE]",
		Short: "Find out why a service does not answer",
		Long: `Looks at each service's unit, at who owns its name on the bus, at its policy, its
version and its answer, and says in plain words what is wrong and what to do.

Exit status 3 if something is.`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: serviceNames(),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.device()
			if err != nil {
				return refused("The bus does not answer; look at `systemctl status dbus`", err)
			}
			findings := []doctor.Finding{}
			house := doctor.Doctor{Device: d, Root: layout.Root(a.root), Version: a.Version}
			for _, s := range device.Services() {
				if len(args) == 0 || args[0] == s.Name {
					findings = append(findings, house.Examine(cmd.Context(), s))
				}
			}
			if err := a.print(findings, func() { a.findings(findings) }); err != nil {
				return err
			}
			for _, f := range findings {
				if f.Verdict == doctor.Fault {
					return errProblems
				}
			}
			return nil
		},
	}
}

func serviceNames() []cobra.Completion {
	var names []cobra.Completion
	for _, s := range device.Services() {
		names = append(names, cobra.CompletionWithDesc(s.Name, s.Owns))
	}
	return names
}

func (a *App) findings(list []doctor.Finding) {
	colours := map[doctor.Verdict]terminal.Colour{
		doctor.Fine: terminal.Green, doctor.Note: terminal.Yellow, doctor.Fault: terminal.Red,
	}
	for _, f := range list {
		a.Out.Printf("%s %s\n", a.Out.Paint(colours[f.Verdict], pad(f.Service, 17)), terminal.Printable(f.Text))
		if f.Advice != "" {
			a.Out.Printf("%s %s\n", pad("", 17), terminal.Printable(f.Advice))
		}
	}
}

func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-len(text)))
}
