// Run boots a built image in QEMU, says how to reach it when it is up, and
// leaves it running until Ctrl-C.
//
// Every run begins with the image as it was built: what the machine wrote goes
// with it. It needs no root, and no KVM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"syscall"
)

func main() {
	opts, err := options()
	if err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = run(ctx, opts)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

// settings are what a person can choose.
type settings struct {
	variant string
	build   string // the folder with images/, and for what a run leaves behind
	port    int    // on 127.0.0.1, for ssh
}

func options() (settings, error) {
	var opts settings
	port := envOr("SSH_PORT", "22222")
	flag.StringVar(&opts.variant, "variant", envOr("VARIANT", "development"), "which image")
	flag.StringVar(&opts.build, "build", "build", "the build folder")
	flag.StringVar(&port, "ssh-port", port, "port on 127.0.0.1 for ssh")
	flag.Parse()

	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 {
		return opts, fmt.Errorf("SSH_PORT=%s is no port: a number from 1 to 65535", port)
	}
	opts.port = number
	return opts, nil
}

func envOr(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
