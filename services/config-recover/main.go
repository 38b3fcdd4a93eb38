// Command config-recover finishes or drops an edit of config.json that a power
// cut interrupted. It runs once, early at boot, before any reader of the file.
//
// Usage:
//
//	config-recover [--root /]
//
// It exits with 0 unless the file's directory could not be read or written; even
// then nothing is lost, and the next start or the next edit tries again.
package main

import (
	"errors"
	"flag"
	"log/slog"
	"os"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	os.Exit(run(os.Args[1:], log))
}

// run returns the exit status: 1 if the recovery failed, 2 for a usage error.
func run(args []string, log *slog.Logger) int {
	flags := flag.NewFlagSet("config-recover", flag.ContinueOnError)
	root := flags.String("root", string(layout.Device), "directory that holds the device's file system")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil || flags.NArg() > 0 {
		return 2
	}
	path := layout.Root(*root).ConfigFile()
	outcome, err := atomicfile.Recover(path, config.Check)
	switch {
	case err != nil:
		log.Error("recovery failed", "error", err)
		return 1
	case outcome == atomicfile.Nothing:
		log.Debug(string(outcome), "file", path)
	default:
		log.Warn(string(outcome), "file", path)
	}
	return 0
}

// withoutTime drops the time, which the journal knows.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
