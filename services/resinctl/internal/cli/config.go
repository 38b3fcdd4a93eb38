package cli

import (
	"encoding/json"
	"errors"
	"log/slog"

	"github.com/spf13/cobra"

	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// errNotSet means that config.json has no such key.
var errNotSet = errors.New("it is not set")

func (a *App) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Read, check and change config.json",
		Long: `A KEY is dotted (os.update.url) or a JSON pointer (/os/update/url).

What is not edited stays byte for byte as it was. A file that does not parse is
never overwritten, and a value that breaks its key's rule is never written.`,
	}
	cmd.AddCommand(a.configGet(), a.configSet(), a.configUnset(), a.configCheck(), a.configSchema())
	return cmd
}

func (a *App) store(file string) *config.Store {
	return config.NewStore(file, "", slog.New(slog.DiscardHandler))
}

func (a *App) configFile() string { return layout.Root(a.root).ConfigFile() }

func (a *App) configGet() *cobra.Command {
	return &cobra.Command{
		Use:   "get [KEY]",
		Short: "Print a value, or the whole file",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := readConfig(a.configFile())
			if err != nil {
				return err
			}
			if len(args) == 1 {
				if data, err = lookUp(data, args[0]); err != nil {
					return err
				}
			}
			return a.print(data, func() { a.Out.Printf("%s\n", plain(data)) })
		},
	}
}

func (a *App) configSet() *cobra.Command {
	var asString bool
	cmd := &cobra.Command{
		Use:   "set KEY VALUE",
		Short: "Set a value",
		Long: `VALUE is JSON, or else taken as a string; --string takes it as a string whatever
it looks like. A string that looks like JSON is taken as one where its key asks for it.`,
		Example: `  resinctl config set hostname kitchen
  resinctl config set dnsServers "192.0.2.1 192.0.2.2"
  resinctl config set os.sshKeys '["ssh-ed25519 AAAA... me"]'`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := pointer(args[0])
			if err != nil {
				return err
			}
			err = a.store(a.configFile()).Edit(cmd.Context(), func(d *config.Document) error {
				return set(d, at, args[1], asString)
			})
			if err != nil {
				return err
			}
			return a.done("%s is set.", args[0])
		},
	}
	cmd.Flags().BoolVar(&asString, "string", false, "VALUE is a string, also if it looks like JSON")
	return cmd
}

// set tries text as JSON and then as a string.
func set(d *config.Document, at, text string, asString bool) error {
	if asString || !json.Valid([]byte(text)) {
		return d.Set(at, text)
	}
	err := d.Set(at, json.RawMessage(text))
	if errors.Is(err, config.ErrInvalidValue) && d.Set(at, text) == nil {
		return nil
	}
	return err
}

func (a *App) configUnset() *cobra.Command {
	return &cobra.Command{
		Use:   "unset KEY",
		Short: "Take a key out, so that its default is in force",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			at, err := pointer(args[0])
			if err != nil {
				return err
			}
			err = a.store(a.configFile()).Edit(cmd.Context(), func(d *config.Document) error { return d.Remove(at) })
			if err != nil {
				return err
			}
			return a.done("%s is not set any more.", args[0])
		},
	}
}
