package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/services/resinctl/internal/terminal"
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

// readConfig returns the whole file as one JSON value.
func readConfig(file string) (json.RawMessage, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read config.json: %w", err)
	}
	if err := config.Check(data); err != nil {
		return nil, fmt.Errorf("cannot read config.json: %w", err)
	}
	return bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), nil
}

// lookUp returns the value of a key.
func lookUp(data json.RawMessage, key string) (json.RawMessage, error) {
	at, err := pointer(key)
	if err != nil {
		return nil, err
	}
	for token := range strings.SplitSeq(at[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		var object map[string]json.RawMessage
		value, found := json.RawMessage(nil), false
		if json.Unmarshal(data, &object) == nil { // or it is no object, and has no members
			value, found = object[name]
		}
		if !found {
			return nil, fmt.Errorf("cannot get %s: %w", key, errNotSet)
		}
		data = value
	}
	return data, nil
}

// pointer returns key as a JSON pointer (RFC 6901).
func pointer(key string) (string, error) {
	if strings.HasPrefix(key, "/") {
		return key, nil
	}
	if key == "" || strings.HasPrefix(key, ".") || strings.HasSuffix(key, ".") || strings.Contains(key, "..") {
		return "", fmt.Errorf("%w: %q is no key, such as os.update.url or /os/update/url", errUsage, key)
	}
	key = strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
	return "/" + strings.ReplaceAll(key, ".", "/"), nil
}

// plain returns a string without quotes, anything else as it stands.
func plain(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return terminal.Printable(s)
	}
	return string(value)
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
