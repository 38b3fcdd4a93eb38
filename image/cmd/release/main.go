// Release makes and changes an update repository: see its README.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"resinos.io/image/repository"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		stop()
		os.Exit(exitCode(err))
	}
}

// exitCode tells scripts apart what they can do something about: 3 when the
// repository is busy, 4 when a version is published already, else 1.
func exitCode(err error) int {
	switch {
	case errors.Is(err, repository.ErrBusy):
		return 3
	case errors.Is(err, repository.ErrPublished):
		return 4
	}
	return 1
}

// settings are those of every command.
type settings struct{ repo, keys string }

func (s *settings) open() (*repository.Repository, error) {
	return repository.Open(s.repo, s.keys)
}

func command() *cobra.Command {
	var opts settings
	top := &cobra.Command{
		Use:           "release",
		Short:         "Make and change a repository of signed updates: static files for any web server",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	top.PersistentFlags().StringVar(&opts.repo, "repo", "build/repo", "folder of the repository, for the web server")
	top.PersistentFlags().StringVar(&opts.keys, "keys", "build/keys", "folder of the private keys, for nobody else")
	top.AddCommand(
		initCommand(&opts), publishCommand(&opts), listCommand(&opts), rolloutCommand(&opts), pullCommand(&opts),
		verifyCommand(&opts), refreshCommand(&opts), rotateCommand(&opts), pruneCommand(&opts), floorCommand(&opts),
	)
	return top
}
