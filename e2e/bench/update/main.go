package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	build := flag.String("build", "build", "the build folder")
	runs := flag.Int("runs", 3, "of each; the median is printed")
	flag.Parse()
	if err := run(ctx, *build, *runs); err != nil {
		fmt.Fprintln(os.Stderr, "update:", err)
		stop()
		os.Exit(1)
	}
}

// A bench is one measurement: images, the repository they are published in, slots.
type bench struct {
	dir   string // with the images and all that is made from them
	runs  int
	sites *server
	slots *slots
}

func run(ctx context.Context, build string, runs int) (err error) {
	build, err = filepath.Abs(build)
	if err != nil {
		return err
	}
	b := &bench{dir: filepath.Join(build, "bench/update"), runs: runs}
	if err := b.command(ctx, "e2e/bench/update/make-images", b.dir); err != nil {
		return err
	}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	if b.sites, err = serve(ctx, b.dir); err != nil {
		return err
	}
	defer b.sites.close()
	if b.slots, err = newSlots(ctx, b.dir, b.image("before")); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.slots.close()) }()
	for _, what := range []string{"release", "hotfix"} {
		network, err := b.compare(ctx, what)
		if err != nil {
			return err
		}
		if err := b.nearness(ctx, what, network); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) image(name string) string { return filepath.Join(b.dir, name+".img") }

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

// command runs a tool whose output is for the person who waits.
func (b *bench) command(ctx context.Context, name string, args ...string) error {
	command := exec.CommandContext(ctx, name, args...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("cannot run %s: %w", name, err)
	}
	return nil
}
