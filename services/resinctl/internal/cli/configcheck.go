package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/services/resinctl/internal/terminal"
	"resinos.io/shared/config"
)

// A configProblem is one in the JSON of config check.
type configProblem struct {
	Pointer string `json:"pointer"` // "" for the whole file
	Reason  string `json:"reason"`
}

func (a *App) configCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say what is wrong with config.json, or with a file on any machine",
		Long: `Checks as the device does. It needs no device, so that whoever builds an image can
check the file that goes into it.

Exit status 3 if something is wrong.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			file := a.configFile()
			if len(args) == 1 {
				file = args[0]
			}
			if _, err := os.ReadFile(file); err != nil {
				return fmt.Errorf("cannot check the file: %w", err)
			}
			problems := []configProblem{}
			for _, p := range a.store(file).Load().Problems {
				problems = append(problems, configProblem{p.Pointer, p.Reason})
			}
			err := a.print(problems, func() {
				for _, p := range problems {
					a.Out.Printf("%s\n", terminal.Printable(strings.TrimPrefix(p.Pointer+": "+p.Reason, ": ")))
				}
			})
			if err == nil && len(problems) > 0 {
				err = errProblems
			}
			return err
		},
	}
}

func (a *App) configSchema() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of config.json",
		RunE: func(*cobra.Command, []string) error {
			schema, err := config.Schema()
			if err != nil {
				return err
			}
			_, err = a.Out.Write(schema)
			return err
		},
	}
}
