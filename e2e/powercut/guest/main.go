// Command guest is the only program in the test's virtual machine: it is started
// by the kernel as process 1, does what /job.json says on the machine's disks,
// and switches the machine off. What it has to report goes to the console, and
// as notes into the record of each disk's writes.
//
// It runs the project's own editor and recovery, on the kernel that the image has.
package main

import (
	"fmt"
	"log/slog"
	"time"

	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm/inside"
)

func main() { inside.Main(job.File, run) }

func run(todo job.Job, log *slog.Logger) error {
	if err := inside.Prepare(todo.Modules); err != nil {
		return err
	}
	for _, d := range todo.Disks {
		start := time.Now()
		w, err := openDisk(d, todo.Options, log)
		if err == nil {
			err = w.do()
		}
		if err != nil {
			return fmt.Errorf("disk %s: %w", d.Name, err)
		}
		log.Info("disk done", "name", d.Name, "took", time.Since(start).Round(time.Millisecond))
	}
	return nil
}

// do does what the job says for one disk.
func (w *worker) do() error {
	work := w.record
	if len(w.States) > 0 {
		work = w.recoverAll
	}
	if err := work(); err != nil {
		return err
	}
	if err := w.disk.Sync(); err != nil {
		return err
	}
	return w.note(job.Note{Event: job.Done}, w.disk.Sync)
}
