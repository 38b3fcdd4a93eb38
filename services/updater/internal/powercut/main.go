// Command powercut is one boot of the updater without a bus, for the test of power
// cuts in e2e/powercut/update: it does on a root directory, with the real packages
// and the real worker, what the daemon does on a device, step by step as it is told,
// and prints what the daemon would show. It is on no device.
//
//	powercut -root DIR -boot ID -worker PROGRAM STEP...
//
// The steps are resume, install:REPOSITORY:VERSION, pass, fail, leave and rollback.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/update1"
	"resinos.io/services/updater/internal/book"
	"resinos.io/services/updater/internal/bootenv"
	"resinos.io/services/updater/internal/health"
	"resinos.io/services/updater/internal/slots"
	"resinos.io/services/updater/internal/update"
	"resinos.io/services/updater/internal/worker"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
	"resinos.io/shared/job"
	"resinos.io/shared/layout"
)

// stepTime bounds one step; a machine without KVM is slow.
const stepTime = 2 * time.Minute

// A result is what the daemon would show at the end.
type result struct {
	Booted, Primary, Rollback, Version string
	Trial                              bool
	Last                               string // the last event
	Events                             int
	Slots                              [2]string // their states
}

func main() {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	root := flag.String("root", "/", "the device's root directory")
	boot := flag.String("boot", "", "this boot's id")
	program := flag.String("worker", "/update-worker", "the update worker")
	flag.Parse()
	s := session{root: layout.Root(*root), boot: *boot, log: log, ended: make(chan string, 1)}
	err := s.open(worker.Program(*program))
	for _, step := range flag.Args() {
		if err == nil {
			err = s.do(step)
		}
	}
	if err == nil {
		err = s.print()
	}
	if err != nil {
		log.Error(err.Error())
		os.Exit(1)
	}
}

// A session is one run of the daemon.
type session struct {
	*update.Updater
	root  layout.Root
	boot  string
	log   *slog.Logger
	ended chan string // how a job ended, "" if well
	pass  bool        // what the checks of a trial say
}

// open wires the domain as the daemon's main does.
func (s *session) open(program worker.Program) error {
	table := slots.Table{Root: s.root}
	runs, err := table.System()
	if err != nil {
		return err
	}
	page, err := book.Open(s.root.ServiceState("updater"), time.Now)
	if err != nil {
		return err // on a device it begins anew; here it is what must not be
	}
	booted, err := table.Booted()
	if err != nil {
		return err
	}
	loader, err := bootenv.Find(s.root)
	if err != nil {
		return err
	}
	s.Updater = &update.Updater{
		Env: loader, Book: page, Booted: booted, Runs: runs, System: system{}, Worker: program,
		Places: update.Places{
			Root: s.root.Path("/usr/share/resinos/update/root.json"), Floor: s.root.Path("/usr/share/resinos/update/floor.json"),
			Boot: s.root.Boot(), Locks: s.root.Path("/run/resinos/update-locks"), Device: table.Device,
		},
		Log: s.log, Life: context.Background(), Changed: func() {}, Deadline: time.Second,
		Checks: func(book.Before) []health.Check { return []health.Check{{Name: "the test", Run: s.check}} },
	}
	s.Jobs = job.NewManager(tree{}, "/powercut", func(_ dbus.ObjectPath, outcome, message string) {
		s.Ended()
		if outcome == "done" {
			message = ""
		} else if message == "" {
			message = outcome
		}
		s.ended <- message
	})
	return nil
}

var errUnwell = errors.New("the test wants it to fail")

func (s *session) check(context.Context) error {
	if s.pass {
		return nil
	}
	return errUnwell
}

// do does one step.
func (s *session) do(step string) error {
	ctx, cancel := context.WithTimeout(context.Background(), stepTime)
	defer cancel()
	name, rest, _ := strings.Cut(step, ":")
	switch name {
	case "resume":
		return s.Resume(s.boot)
	case "install":
		return s.install(ctx, rest)
	case "pass", "fail":
		s.pass = name == "pass"
		s.Prove(ctx)
		return nil
	case "leave":
		s.Leaving(ctx)
		return nil
	case "rollback":
		return s.Updater.Rollback(ctx, nil)
	}
	return fmt.Errorf("there is no step %q", step)
}

func (s *session) install(ctx context.Context, what string) error {
	repository, version, _ := strings.Cut(what, ":")
	if _, err := s.Install(ctx, repository, map[string]dbus.Variant{"version": dbus.MakeVariant(version)}); err != nil {
		return err
	}
	select {
	case message := <-s.ended:
		if message != "" {
			return errors.New(message)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// print prints the result.
func (s *session) print() error {
	r, err := s.result()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (s *session) result() (result, error) {
	effective, err := s.Apply(context.Background(), config.Config{})
	if err != nil {
		return result{}, err
	}
	if len(effective.Problems) > 0 {
		return result{}, errors.New(effective.Problems[0].Reason)
	}
	v := effective.Values
	r := result{
		Booted: v[update1.PropertyBootedSlot].(string), Primary: v[update1.PropertyPrimarySlot].(string),
		Rollback: v[update1.PropertyLastRollbackReason].(string), Version: v[update1.PropertyCurrentVersion].(string),
		Trial: v[update1.PropertyTryPending].(bool),
	}
	for _, e := range v[update1.PropertyHistory].([]update1.Event) {
		r.Last = e.Event + " " + e.Version
		r.Events++
	}
	for i, row := range v[update1.PropertySlots].([]map[string]dbus.Variant) {
		r.Slots[i] = row["state"].Value().(string)
	}
	return r, nil
}

// system is a device that is well and does what it is told.
type system struct{}

func (system) NetworkState(context.Context) uint32                 { return 70 }
func (system) ActiveState(context.Context, string) (string, error) { return "active", nil }
func (system) Stopping(context.Context) (bool, error)              { return true, nil }
func (system) Reboot(context.Context) error                        { return nil }
func (system) Journal(context.Context) ([]byte, error)             { return []byte("the journal\n"), nil }

// tree takes the objects that nobody sees.
type tree struct{}

func (tree) Add(dbus.ObjectPath, *bus.Object) error { return nil }
func (tree) Remove(dbus.ObjectPath)                 {}
