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

// A phase is done once in a boot, without a bus.
type phase func(root layout.Root, log *slog.Logger) error

func phases() map[string]phase { return map[string]phase{"early": early, "handover": handover} }

// once runs a phase as a program and returns its exit status.
func once(name string, args []string, stderr io.Writer, run phase) int {
	flags := flag.NewFlagSet("splash-setter "+name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", string(layout.Device), "directory that holds the device's file system")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() > 0 {
		return 2
	}
	log := journal.New(stderr, new(slog.LevelVar))
	if err := run(layout.Root(*root), log); err != nil {
		log.Error(name+" failed", "error", err)
		return 1
	}
	return 0
}

// early prepares the picture for Plymouth. It fails only if not even the default
// logo could be put in place.
func early(root layout.Root, log *slog.Logger) error {
	file := bootfile.New(root)
	switch outcome, err := file.Recover(); {
	case err != nil:
		log.Warn("an interrupted change of the logo is not finished", "error", err)
	case outcome != atomicfile.Nothing:
		log.Warn(string(outcome), "file", file.Path())
	}
	s := &splash.Splash{File: file, Screen: screen.Screen{Root: root}}
	chosen, _, err := s.Prepare()
	if err != nil {
		return err
	}
	if chosen.Problem != "" {
		log.Warn(bootfile.Name + ": " + chosen.Problem)
	}
	return nil
}
