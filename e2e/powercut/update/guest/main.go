// Command guest is process 1 of the virtual machine in which the test of power cuts
// runs updates: it makes a device of the machine's disk, lets the updater do what
// /job.json says in one boot after another, and switches the machine off. What it
// has to report goes to the console, and as notes into the record of the writes.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm/inside"
	update "resinos.io/e2e/powercut/update/job"
)

func main() { inside.Main(update.File, run) }

func run(todo update.Job, log *slog.Logger) error {
	m := machine{Job: todo, log: log}
	if err := inside.Prepare(m.Modules); err != nil {
		return err
	}
	var err error
	if m.device, err = inside.Open(m.Disk); err != nil {
		return err
	}
	for i, boot := range m.Boots {
		if err := m.boot(i, boot); err != nil {
			return fmt.Errorf("boot %d: %w", i, err)
		}
	}
	if err := m.recoverAll(); err != nil {
		return err
	}
	if err := m.device.Sync(); err != nil {
		return err
	}
	return m.note(job.Note{Event: job.Done})
}

// A machine is the device under test.
type machine struct {
	update.Job
	log    *slog.Logger
	device *inside.Disk
}

// note writes a note. It is no flush and waits for none.
func (m *machine) note(n job.Note) error {
	sector, err := n.Sector()
	if err != nil {
		return err
	}
	return m.device.Write(int64(m.NotesAt)*int64(len(sector)), sector)
}

// boot boots the device as its boot loader would have it.
func (m *machine) boot(i int, boot update.Boot) error {
	chosen, err := m.chooseSlot(i)
	if err != nil {
		return err
	}
	if chosen != boot.Slot {
		return fmt.Errorf("the boot loader chose slot %s, not %s", chosen, boot.Slot)
	}
	if err := m.mount(boot.Slot); err != nil {
		return err
	}
	for _, step := range boot.Steps {
		if err := m.note(job.Note{Event: job.Begin, N: i, Outcome: step}); err != nil {
			return err
		}
		shown, err := m.session(fmt.Sprint("boot-", i), []string{step})
		if err != nil {
			return err
		}
		m.log.Info(step, "boot", i, "shows", shown)
		if err := m.note(job.Note{Event: job.End, N: i, Outcome: step}); err != nil {
			return err
		}
	}
	return m.unmount()
}

// recoverAll puts each state onto the disk and lets the device do what it does after
// a power cut.
func (m *machine) recoverAll() error {
	if len(m.States) == 0 {
		return nil
	}
	pristine := make([]byte, m.Size)
	if err := m.device.Read(pristine); err != nil {
		return err
	}
	want, now := make([]byte, m.Size), make([]byte, m.Size)
	pool, err := os.ReadFile(update.Pool)
	if err != nil {
		return err
	}
	for i, state := range m.States {
		patch, err := os.ReadFile(state.Patch)
		if err == nil {
			patch, err = update.Expand(patch, pool)
		}
		if err != nil {
			return err
		}
		copy(want, pristine)
		if err := m.device.Become(job.Patch(patch), want, now); err != nil {
			return fmt.Errorf("state %d: %w", i, err)
		}
		if err := m.recoverOne(i, state); err != nil {
			return fmt.Errorf("state %d: %w", i, err)
		}
	}
	return nil
}

func (m *machine) recoverOne(i int, state update.State) error {
	if err := m.note(job.Note{Event: job.Begin, N: i}); err != nil {
		return err
	}
	shown, err := "", m.mount(state.Slot)
	if err == nil {
		shown, err = m.session(fmt.Sprint("recovery-", i), state.Steps)
	}
	if end := m.unmount(); err == nil {
		err = end
	}
	failure := ""
	if err != nil {
		failure = err.Error()
	}
	m.log.Info("recovered", "state", i, "shows", shown, "error", failure)
	if err := m.device.Sync(); err != nil {
		return err
	}
	return m.note(job.Note{Event: job.Recovered, N: i, Outcome: shown, Err: failure[max(0, len(failure)-200):]})
}
