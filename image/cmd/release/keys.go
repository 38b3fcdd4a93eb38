package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"resinos.io/shared/trust/sign"
)

func initCommand(opts *settings) *cobra.Command {
	var ifMissing bool
	command := &cobra.Command{
		Use:   "init",
		Short: "Make new keys and an empty repository; prints the root.json that images ship",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			repo, err := opts.open()
			if err != nil {
				return err
			}
			_, err = os.Stat(repo.RootFile())
			if missing := errors.Is(err, fs.ErrNotExist); missing || !ifMissing {
				if err := repo.Create(command.Context()); err != nil {
					return err
				}
			}
			fmt.Println(repo.RootFile())
			return nil
		},
	}
	command.Flags().BoolVar(&ifMissing, "if-missing", false, "succeed and change nothing if there are keys")
	return command
}

func refreshCommand(opts *settings) *cobra.Command {
	var all, root bool
	command := &cobra.Command{
		Use:   "refresh",
		Short: "Make the timestamp valid for longer; needs its key only (for a daily timer)",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			repo, err := opts.open()
			if err != nil {
				return err
			}
			if root {
				if err := repo.RenewRoot(command.Context()); err != nil {
					return err
				}
			}
			return repo.Refresh(command.Context(), all)
		},
	}
	command.Flags().BoolVar(&all, "all", false, "targets and snapshot too")
	command.Flags().BoolVar(&root, "root", false, "the root too: needs enough of its keys")
	return command
}

func rotateCommand(opts *settings) *cobra.Command {
	return &cobra.Command{
		Use:       "rotate " + strings.Join(sign.Roles(), "|"),
		Short:     "Replace the keys of a role (of the root: the oldest one); devices follow",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: sign.Roles(),
		RunE: func(command *cobra.Command, args []string) error {
			repo, err := opts.open()
			if err != nil {
				return err
			}
			return repo.Rotate(command.Context(), args[0])
		},
	}
}

func floorCommand(opts *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "floor",
		Short: "Print the floor.json for the next image: a device whose memory was wiped accepts nothing older",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			repo, err := opts.open()
			if err != nil {
				return err
			}
			floor, err := repo.Floor(command.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(floor)
		},
	}
}
