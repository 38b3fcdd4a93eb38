// Command resinctl is how a person talks to a resinOS device: what its services
// say, config.json, the name, the journal, the splash, updates and purges.
// See README.md beside this file.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"resinos.io/services/resinctl/internal/cli"
	"resinos.io/services/resinctl/internal/terminal"
	"resinos.io/shared/bus"
)

// version is set by the linker.
var version = "unknown"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	app := &cli.App{
		Version: version,
		Connect: bus.Connect,
		Out:     terminal.New(os.Stdout, os.Getenv),
		Err:     os.Stderr,
		In:      os.Stdin,
	}
	os.Exit(app.Run(ctx, os.Args[1:]))
}
