package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"resinos.io/image/repository"
	"resinos.io/shared/release"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	build := flag.String("build", "build", "the build folder")
	var f fleet
	flag.IntVar(&f.devices, "devices", 500, "how many")
	flag.DurationVar(&f.interval, "interval", 20*time.Second, "what stands for a day")
	flag.Parse()
	f.dir = filepath.Join(*build, "bench/update")
	if err := f.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		stop()
		os.Exit(1)
	}
}

type fleet struct {
	dir      string
	devices  int
	interval time.Duration
}

// stages are the shares of the devices, one after each day and a half: long
// enough for every device to have polled.
func stages() []int { return []int{100, 1000, 5000, release.Everyone} }

const hotfix = "1.9.1"

func (f *fleet) run(ctx context.Context) error {
	repo, err := repository.Open(filepath.Join(f.dir, "repo"), filepath.Join(f.dir, "keys"))
	if err != nil {
		return err
	}
	version, err := release.ParseVersion(hotfix)
	if err != nil {
		return err
	}
	all, err := repo.List(ctx)
	if err != nil {
		return err
	}
	for _, manifest := range all { // one release only is measured
		rollout := release.Rollout{}
		if _, err := repo.Rollout(ctx, repository.Selection{Version: manifest.Version}, rollout); err != nil {
			return err
		}
	}
	server, err := startNginx(ctx, repo.Dir())
	if err != nil {
		return err
	}
	defer server.stop()
	devices, err := f.start(ctx, server.url, repo)
	if err != nil {
		return err
	}
	start := time.Now()
	for _, share := range stages() {
		if _, err := repo.Rollout(ctx, repository.Selection{Version: version}, release.Rollout{Share: share}); err != nil {
			return err
		}
		if err := sleep(ctx, f.interval*3/2); err != nil {
			return err
		}
	}
	// This machine may be slower than so many devices would be.
	for i := 0; i < 20 && !devices.updated(); i++ {
		if err := sleep(ctx, f.interval/2); err != nil {
			return err
		}
	}
	if err := devices.stop(); err != nil {
		return err
	}
	entries, err := server.entries()
	if err != nil {
		return err
	}
	return f.report(devices, entries, start)
}

// crowd is the devices while they run.
type crowd struct {
	cancel  context.CancelFunc
	group   sync.WaitGroup
	devices []*device
}

func (f *fleet) start(ctx context.Context, url string, repo *repository.Repository) (*crowd, error) {
	root, err := os.ReadFile(repo.RootFile())
	if err != nil {
		return nil, err
	}
	have, err := readSeed(filepath.Join(f.dir, "before.caibx"))
	if err != nil {
		return nil, err
	}
	before, err := release.ParseVersion("1.9.0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &crowd{cancel: cancel}
	for range f.devices {
		one, err := newDevice(url, root, have, before)
		if err != nil {
			cancel()
			return nil, err
		}
		c.devices = append(c.devices, one)
		c.group.Go(func() { one.live(ctx, f.interval) })
	}
	return c, nil
}

// updated says whether all devices are.
func (c *crowd) updated() bool {
	return !slices.ContainsFunc(c.devices, func(d *device) bool { return !d.updated.Load() })
}

// stop ends all devices and returns what went wrong in any.
func (c *crowd) stop() error {
	c.cancel()
	c.group.Wait()
	var faults []error
	for _, one := range c.devices {
		faults = append(faults, one.fault, os.RemoveAll(one.dir))
	}
	return errors.Join(faults...)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
