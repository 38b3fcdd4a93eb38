package cli

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/proto/state1"
)

func (a *App) purgeCommand() *cobra.Command {
	var yes, cancel bool
	cmd := &cobra.Command{
		Use:   "purge state|data|all",
		Short: "Have everything that was kept removed at the next boot",
		Long: `state: settings, keys and what the system's programs keep. data: containers, images,
volumes and the persistent journal. all: both. config.json and the device's
identity stay. Nothing is removed before the next boot, and until then --cancel
takes the request back.`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []cobra.Completion{"state", "data", "all"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == cancel {
				return fmt.Errorf("%w: say state, data or all, or --cancel", errUsage)
			}
			d, err := a.device()
			if err != nil {
				return err
			}
			client := state1.NewClient(d.Conn)
			if cancel {
				if err := client.CancelPurge(cmd.Context()); err != nil {
					return refused("cannot cancel the purge", err)
				}
				return a.done("Nothing will be purged.")
			}
			if err := a.confirm(yes, "At the next boot everything in "+args[0]+" is gone."); err != nil {
				return err
			}
			if err := client.Purge(cmd.Context(), args[0], nil); err != nil {
				return refused("cannot ask for the purge", err)
			}
			return a.done("At the next boot everything in %s is gone; `resinctl purge --cancel` takes that back.", args[0])
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&cancel, "cancel", false, "take the request back")
	return cmd
}

// confirm asks a person on a terminal, and refuses to guess for a script.
func (a *App) confirm(yes bool, what string) error {
	if yes {
		return nil
	}
	if !a.Out.Interactive {
		return fmt.Errorf("%w: --yes says that you mean it: %s", errUsage, what)
	}
	a.Out.Printf("%s Go on? [y/N] ", what)
	line, _ := bufio.NewReader(a.In).ReadString('\n') // no answer is a no
	if answer := strings.ToLower(strings.TrimSpace(line)); answer == "y" || answer == "yes" {
		return nil
	}
	return fmt.Errorf("%w", errDeclined)
}
