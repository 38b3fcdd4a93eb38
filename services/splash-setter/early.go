package main

import (
	"errors"
	"flag"
	"io"
	"log/slog"

	"resinos.io/services/splash-setter/internal/bootfile"
	"resinos.io/services/splash-setter/internal/screen"
	"resinos.io/services/splash-setter/internal/splash"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/journal"
	"resinos.io/shared/layout"
)

// early prepares the picture for Plymouth and returns the exit status: 1 only if
// not even the default logo could be put in place.
func early(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("splash-setter early", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", string(layout.Device), "directory that holds the device's file system")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() > 0 {
		return 2
	}
	log := journal.New(stderr, new(slog.LevelVar))
	file := bootfile.New(layout.Root(*root))
	switch outcome, err := file.Recover(); {
	case err != nil:
		log.Warn("an interrupted change of the logo is not finished", "error", err)
	case outcome != atomicfile.Nothing:
		log.Warn(string(outcome), "file", file.Path())
	}
	s := &splash.Splash{File: file, Screen: screen.Screen{Root: layout.Root(*root)}}
	chosen, _, err := s.Prepare()
	if err != nil {
		log.Error("no logo for the splash", "error", err)
		return 1
	}
	if chosen.Problem != "" {
		log.Warn(bootfile.Name + ": " + chosen.Problem)
	}
	return 0
}
