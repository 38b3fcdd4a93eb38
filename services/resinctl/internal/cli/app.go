// Package cli is resinctl's commands: what is typed, what is printed, and the
// exit status. What the device is asked is in package device.
//
// Every command prints JSON with --json, one value and nothing else. The names
// in it, the commands and the exit statuses are a contract.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/godbus/dbus/v5"
	"github.com/spf13/cobra"

	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
	"resinos.io/shared/bus"
	"resinos.io/shared/layout"
)

// The exit statuses.
const (
	ExitOK         = 0
	ExitFailed     = 1 // it was tried and did not work, or was refused
	ExitUsage      = 2 // what was typed is not a command
	ExitProblems   = 3 // status, doctor, config check: something is not as it should be
	ExitAbsent     = 4 // the service does not run or does not answer
	ExitNotAllowed = 5 // only root may do that
)

// errProblems ends a command that has printed what is wrong.
var errProblems = errors.New("something is not as it should be")

// errUsage is wrapped by what is wrong with the command line.
var errUsage = errors.New("usage")

// An App is one run of resinctl.
type App struct {
	Version string
	Connect func(address string, tree *bus.Tree) (*dbus.Conn, error)
	Out     *terminal.Output
	Err     io.Writer
	In      io.Reader

	json    bool
	root    string
	address string
	conn    *dbus.Conn
}

// Run runs the command in args and returns the exit status.
func (a *App) Run(ctx context.Context, args []string) int {
	root := a.Command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if a.conn != nil {
		a.conn.Close()
	}
	status := exitStatus(err)
	if err != nil && !errors.Is(err, errProblems) {
		fmt.Fprintf(a.Err, "resinctl: %s\n", terminal.Printable(strings.TrimPrefix(err.Error(), errUsage.Error()+": ")))
	}
	if status == ExitUsage {
		fmt.Fprintln(a.Err, "Try: resinctl --help")
	}
	return status
}

func exitStatus(err error) int {
	switch {
	case err == nil:
		return ExitOK
	case errors.Is(err, errProblems):
		return ExitProblems
	case errors.Is(err, errUsage):
		return ExitUsage
	case errors.Is(err, device.ErrNotRunning), errors.Is(err, device.ErrNoAnswer):
		return ExitAbsent
	case notAllowed(err):
		return ExitNotAllowed
	}
	return ExitFailed
}

// Command returns the tree of commands, for Run and for the manual.
func (a *App) Command() *cobra.Command {
	root := &cobra.Command{
		Use:   "resinctl",
		Short: "Look at a resinOS device and change its settings",
		Long: `resinctl asks the services of a resinOS device over the bus, and edits its
config.json. Reading is for everybody, changing is for root.

Exit status: 0 it worked; 1 it failed; 2 no such command; 3 something is not as it
should be (status, doctor, config check); 4 the service does not run or does not
answer; 5 only root may do that.`,
		Version:       a.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		// A word that is no command is an error, with a suggestion.
		Args: cobra.NoArgs,
	}
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return fmt.Errorf("%w: %w", errUsage, err) })
	flags := root.PersistentFlags()
	flags.BoolVar(&a.json, "json", false, "print JSON")
	flags.StringVar(&a.root, "root", string(layout.Device), "directory that holds the device's file system")
	flags.StringVar(&a.address, "bus", "", "address of the bus, instead of the system's")
	_ = flags.MarkHidden("bus") // it is there
	root.AddCommand(
		a.statusCommand(), a.doctorCommand(), a.configCommand(), a.hostnameCommand(), a.networkCommand(),
		a.logsCommand(), a.purgeCommand(), a.splashCommand(), a.updateCommand(),
	)
	strict(root)
	return root
}

// strict makes what is wrong with the arguments of any command a usage error.
func strict(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil {
		check = cobra.NoArgs
	}
	if cmd.RunE == nil && cmd.HasSubCommands() { // or a wrong word would print the help, as a success
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	cmd.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return fmt.Errorf("%w: %w", errUsage, err)
		}
		return nil
	}
	for _, child := range cmd.Commands() {
		strict(child)
	}
}

// device connects to the bus, once.
func (a *App) device() (device.Device, error) {
	if a.conn == nil {
		conn, err := a.Connect(a.address, nil)
		if err != nil {
			return device.Device{}, fmt.Errorf("%w: %w", device.ErrNoAnswer, err)
		}
		a.conn = conn
	}
	return device.Device{Conn: a.conn}, nil
}

// print prints value as JSON, or calls text.
func (a *App) print(value any, text func()) error {
	if !a.json {
		text()
		return nil
	}
	encoder := json.NewEncoder(a.Out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// done says that a change was made.
func (a *App) done(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	return a.print(map[string]string{"done": text}, func() { a.Out.Printf("%s\n", terminal.Printable(text)) })
}
