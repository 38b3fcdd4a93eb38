package main

import (
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"resinos.io/image/repository"
	"resinos.io/shared/release"
)

func publishCommand(opts *settings) *cobra.Command {
	var what repository.Publication
	var made repository.Made
	var minimum, share string
	command := &cobra.Command{
		Use:     "publish [ROOT.img]",
		Aliases: []string{"add"},
		Short:   "Add a release from the ext4 image of a root, or from what casync make or desync make made of it",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) (err error) {
			if what.Share, err = release.ParseShare(share); err != nil {
				return err
			}
			if minimum != "" {
				version, err := release.ParseVersion(minimum)
				if err != nil {
					return err
				}
				what.MinVersion = &version
			}
			if (made.Index == "") != (made.Store == "") || made.Index == "" && len(args) == 0 {
				return errors.New("an image, or both --index and --store, are needed")
			}
			if made.Index != "" {
				what.Made = &made
			}
			if len(args) > 0 {
				what.Image = args[0]
			}
			repo, err := opts.open()
			if err != nil {
				return err
			}
			manifest, err := repo.Publish(command.Context(), what)
			if err != nil {
				return err
			}
			return table([]*release.Manifest{manifest})
		},
	}
	flags := command.Flags()
	flags.StringVar(&share, "share", "100%", "of the devices, that may install it")
	flags.StringVar(&minimum, "min-version", "", "oldest version that can be updated to it")
	flags.StringVar(&what.Channel, "channel", "stable", "devices of this channel are offered it")
	flags.StringVar(&what.Boot, "boot", "", "folder of files for the boot partition, instead of /"+repository.BootTree+" of the image")
	flags.BoolVar(&what.Replace, "replace", false, "give a version that is published already other content (for development)")
	flags.IntVar(&what.Deltas, "deltas", 2, "older releases that new chunks are also compressed against, which saves devices that run them downloads; 0: none")
	flags.StringVar(&made.Index, "index", "", "a .caibx of the image")
	flags.StringVar(&made.Store, "store", "", "the .castr folder that belongs to it")
	return command
}

// selection adds the flags that tell releases of one version apart.
func selection(command *cobra.Command, which *repository.Selection) {
	command.Flags().StringVar(&which.DeviceType, "device-type", "", "this one only")
	command.Flags().StringVar(&which.Variant, "variant", "", "this one only")
}

func rolloutCommand(opts *settings) *cobra.Command {
	var which repository.Selection
	var share string
	command := &cobra.Command{
		Use:   "rollout VERSION --share 10%",
		Short: "Let a share of the devices install a release; also puts back one that was pulled",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			number, err := release.ParseShare(share)
			if err != nil {
				return err
			}
			return change(command, opts, which, args[0], release.Rollout{Share: number})
		},
	}
	selection(command, &which)
	command.Flags().StringVar(&share, "share", "", "from 0% to 100%, at most two decimals")
	_ = command.MarkFlagRequired("share") // it is there: the line above
	return command
}

func pullCommand(opts *settings) *cobra.Command {
	var which repository.Selection
	command := &cobra.Command{
		Use:   "pull VERSION",
		Short: "Withdraw a release: nobody installs it any more, not even when asked to",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return change(command, opts, which, args[0], release.Rollout{Pulled: true})
		},
	}
	selection(command, &which)
	return command
}

func change(command *cobra.Command, opts *settings, which repository.Selection, version string, rollout release.Rollout) (err error) {
	if which.Version, err = release.ParseVersion(version); err != nil {
		return err
	}
	repo, err := opts.open()
	if err != nil {
		return err
	}
	changed, err := repo.Rollout(command.Context(), which, rollout)
	if err != nil {
		return err
	}
	return table(changed)
}

func listCommand(opts *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Print what is published",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			repo, err := opts.open()
			if err != nil {
				return err
			}
			all, err := repo.List(command.Context())
			if err != nil {
				return err
			}
			return table(all)
		},
	}
}

func verifyCommand(opts *settings) *cobra.Command {
	var root string
	command := &cobra.Command{
		Use:   "verify",
		Short: "Read everything as a new device would, now, and check it; needs no private key",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if root == "" {
				repo, err := opts.open()
				if err != nil {
					return err
				}
				root = repo.RootFile()
			}
			trusted, err := os.ReadFile(root)
			if err != nil {
				return fmt.Errorf("cannot read root: %w", err)
			}
			all, err := repository.Verify(command.Context(), opts.repo, trusted, time.Now())
			if err != nil {
				return err
			}
			return table(all)
		},
	}
	command.Flags().StringVar(&root, "root", "", "the root.json to begin from (default: the one beside the keys)")
	return command
}

func pruneCommand(opts *settings) *cobra.Command {
	var keep, days int
	command := &cobra.Command{
		Use:   "prune",
		Short: "Withdraw old releases, and remove files that nothing has named for a while",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if keep < 1 || days < 0 {
				return errors.New("at least one release is kept, for no less than 0 days")
			}
			repo, err := opts.open()
			if err != nil {
				return err
			}
			pruned, err := repo.Prune(command.Context(), keep, time.Now().AddDate(0, 0, -days))
			if err != nil {
				return err
			}
			fmt.Printf("withdrew %d releases, removed %d files of %d bytes\n", pruned.Releases, pruned.Files, pruned.Bytes)
			return nil
		},
	}
	command.Flags().IntVar(&keep, "keep", 10, "releases of each device type, variant and channel")
	command.Flags().IntVar(&days, "days", 30, "how long files stay that are not named any more: longer than any update takes")
	return command
}

func table(all []*release.Manifest) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "VERSION\tDEVICE TYPE\tVARIANT\tCHANNEL\tSHARE\tFROM\tMiB\tIMAGE")
	for _, m := range all {
		share, from := fmt.Sprintf("%g%%", float64(m.Rollout.Share)*100/release.Everyone), "any"
		if m.Rollout.Pulled {
			share = "pulled"
		}
		if m.MinVersion != nil {
			from = m.MinVersion.String()
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%.16s\n", m.Version, m.DeviceType, m.Variant, m.Channel, share, from, m.Image.Size>>20, m.Image.SHA256)
	}
	return out.Flush()
}
