package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/spf13/cobra"

	"resinos.io/proto/update1"
	"resinos.io/proto/update1job"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/terminal"
)

// Errors of an install.
var (
	errNoJob     = errors.New("no install runs")
	errInstall   = errors.New("the update is not installed")
	errCancelled = errors.New("the install was cancelled")
)

// How often a job is looked at, and told to who is no terminal.
const (
	lookEvery = 500 * time.Millisecond
	tellEvery = 10 // percent
)

// A progress is a job at one moment. Sizes are in bytes.
type progress struct {
	State      string `json:"state"`
	Percent    uint32 `json:"progress"`
	Done       uint64 `json:"bytesDone"`
	Total      uint64 `json:"bytesTotal"`
	Downloaded uint64 `json:"bytesDownloaded"`
	Message    string `json:"message"`
}

func readJob(ctx context.Context, d device.Device, job dbus.ObjectPath) (progress, error) {
	v, err := d.Get(ctx, device.Service{BusName: update1.BusName, Path: job}, update1job.Interface)
	if err != nil {
		return progress{}, err
	}
	return progress{
		State:      device.Value[string](v, update1job.PropertyState),
		Percent:    device.Value[uint32](v, update1job.PropertyProgress),
		Done:       device.Value[uint64](v, update1job.PropertyBytesDone),
		Total:      device.Value[uint64](v, update1job.PropertyBytesTotal),
		Downloaded: device.Value[uint64](v, update1job.PropertyBytesDownloaded),
		Message:    device.Value[string](v, update1job.PropertyMessage),
	}, nil
}

func (a *App) installCommand() *cobra.Command {
	var version string
	var downgrade, metered, reboot, detach bool
	cmd := &cobra.Command{
		Use:   "install [SOURCE]",
		Short: "Write a release into the slot that does not run",
		Long: `SOURCE is a URL (http, https, file) or a folder; without it os.update.url of
config.json says where. The install goes on when resinctl is interrupted; what
was written is taken up by the next install of the same release.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := a.device()
			if err != nil {
				return err
			}
			chosen := map[string]dbus.Variant{}
			for name, on := range map[string]bool{"downgrade": downgrade, "metered": metered, "reboot": reboot} {
				if on {
					chosen[name] = dbus.MakeVariant(true)
				}
			}
			if version != "" {
				chosen["version"] = dbus.MakeVariant(version)
			}
			job, err := update1.NewClient(d.Conn).Install(cmd.Context(), strings.Join(args, ""), chosen)
			if err != nil {
				return refused("cannot install", err)
			}
			if detach {
				return a.done("The install runs; `resinctl update status` shows it.")
			}
			return a.follow(cmd.Context(), d, job)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&version, "version", "", "this release and no other")
	flags.BoolVar(&downgrade, "downgrade", false, "it may be older than what runs")
	flags.BoolVar(&metered, "metered", false, "fail rather than download most of the image")
	flags.BoolVar(&reboot, "reboot", false, "reboot into it when it is in place")
	flags.BoolVar(&detach, "detach", false, "do not wait for it")
	return cmd
}

// follow shows a job until it ends.
func (a *App) follow(ctx context.Context, d device.Device, job dbus.ObjectPath) error {
	show := follower{app: a, told: -tellEvery}
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		p, err := readJob(ctx, d, job)
		switch {
		case ctx.Err() != nil:
			show.end()
			return fmt.Errorf("interrupted; the install goes on, and `resinctl update cancel` stops it: %w", ctx.Err())
		case err != nil:
			show.end()
			return err
		case p.State != "running":
			show.end()
			return a.ended(p)
		}
		show.show(p, time.Now())
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// ended tells how a job ended.
func (a *App) ended(p progress) error {
	if a.json {
		if err := a.print(p, nil); err != nil {
			return err
		}
	}
	switch {
	case p.State == "cancelled":
		return errCancelled
	case p.State != "done":
		return fmt.Errorf("%w: %s", errInstall, p.Message)
	case !a.json:
		a.Out.Printf("installed; %s of %s were downloaded. The next boot tries it.\n", terminal.Bytes(p.Downloaded), terminal.Bytes(p.Total))
	}
	return nil
}

// A follower shows progress: one line that is written over on a terminal, a line
// for each ten percent otherwise, nothing with --json.
type follower struct {
	app  *App
	rate rate
	told int // percent
	open bool
}

func (f *follower) show(p progress, now time.Time) {
	f.rate.add(p.Done, now)
	out := f.app.Out
	switch {
	case f.app.json:
	case out.Interactive:
		line := []rune(fmt.Sprintf("[%s] %s", terminal.Bar(p.Percent, 24), p.line(f.rate)))
		out.Printf("\r%s\x1b[K", string(line[:min(len(line), out.Columns-1)]))
		f.open = true
	case int(p.Percent) >= f.told+tellEvery:
		f.told = int(p.Percent)
		out.Printf("%s\n", p.line(f.rate))
	}
}

func (f *follower) end() {
	if f.open {
		f.app.Out.Printf("\n")
	}
}

// line is the progress in words.
func (p progress) line(r rate) string {
	parts := []string{fmt.Sprintf("%d %%", p.Percent)}
	if p.Total > 0 {
		parts = append(parts, terminal.Bytes(p.Done)+" of "+terminal.Bytes(p.Total))
	}
	if speed := r.perSecond(); speed > 0 {
		parts = append(parts, terminal.Bytes(speed)+"/s")
		if p.Total > p.Done {
			parts = append(parts, terminal.Duration(time.Duration((p.Total-p.Done)/speed)*time.Second)+" left")
		}
	}
	if p.Message != "" {
		parts = append(parts, terminal.Printable(p.Message))
	}
	return strings.Join(parts, ", ")
}

// A rate is bytes over the time since they were first seen.
type rate struct {
	from, last uint64
	start, end time.Time
}

func (r *rate) add(done uint64, now time.Time) {
	if r.start.IsZero() || done < r.last {
		r.from, r.start = done, now
	}
	r.last, r.end = done, now
}

func (r rate) perSecond() uint64 {
	seconds := r.end.Sub(r.start).Seconds()
	if seconds < 1 {
		return 0
	}
	return uint64(float64(r.last-r.from) / seconds)
}
