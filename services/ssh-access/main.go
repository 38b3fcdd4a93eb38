// Command ssh-access lets the owner of the device in: with the keys of
// `os.sshKeys` in config.json, and on the port that is open only if it has to be.
//
// Usage:
//
//	ssh-access [--root /] keys USER       print the keys of USER, for sshd
//	ssh-access [--root /] [--open] apply  make sshd as config.json wants it
//
// See README.md beside this file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"resinos.io/services/ssh-access/internal/access"
	"resinos.io/services/ssh-access/internal/sshd"
	"resinos.io/shared/config"
	"resinos.io/shared/journal"
	"resinos.io/shared/layout"
)

// lingering is how long apply stays to see the next change: systemd's path unit
// does not look while the service that it started runs.
const lingering = 2 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit status: 1 if something failed, 2 for a usage error.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("ssh-access", flag.ContinueOnError)
	flags.SetOutput(stderr)
	root := flags.String("root", string(layout.Device), "directory that holds the device's file system")
	open := flags.Bool("open", false, "without keys, leave sshd as its own configuration has it")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	log := journal.New(stderr, slog.LevelInfo)
	device := layout.Root(*root)
	lastGood := filepath.Join(device.ServiceState("ssh-access"), "config.last-good.json")
	store := config.NewStore(device.ConfigFile(), lastGood, log)
	var err error
	switch command, rest := flags.Arg(0), flags.Args(); {
	case command == "keys" && len(rest) == 2:
		err = access.Print(stdout, store.Load(), rest[1])
	case command == "apply" && len(rest) == 1:
		a := &access.Applier{Server: sshd.New(device), Open: *open, Log: log}
		err = a.Follow(ctx, store, lingering, ready)
	default:
		fmt.Fprintln(stderr, "usage: ssh-access [--root DIR] keys USER | [--open] apply")
		return 2
	}
	if err != nil {
		log.Error("failed", "error", err)
		return 1
	}
	return 0
}

// ready tells systemd that sshd may start; outside of a unit it tells nobody.
func ready() error {
	_, err := daemon.SdNotify(false, daemon.SdNotifyReady)
	return err
}
