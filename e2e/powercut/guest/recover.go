package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"resinos.io/e2e/powercut/job"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
)

// recoverAll puts each state onto the disk, and does there what a device does
// after a power cut: mounts, recovers, starts again, recovers again, and edits.
func (w *worker) recoverAll() error {
	pristine := make([]byte, w.Extent)
	if err := w.disk.Read(pristine); err != nil {
		return err
	}
	want, now := make([]byte, w.Extent), make([]byte, w.Extent)
	for i, file := range w.States {
		patch, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		copy(want, pristine)
		if err := w.disk.Become(job.Patch(patch), want, now); err != nil {
			return fmt.Errorf("state %d: %w", i, err)
		}
		if err := w.recoverOne(i); err != nil {
			return fmt.Errorf("state %d: %w", i, err)
		}
	}
	return nil
}

func (w *worker) recoverOne(i int) error {
	if err := w.note(job.Note{Event: job.Begin, N: i}); err != nil {
		return err
	}
	for _, event := range []job.Event{job.Recovered, job.Again} {
		if err := w.mount(); err != nil {
			return err
		}
		outcome, err := atomicfile.Recover(w.config(), config.Check)
		if err := w.note(job.Note{Event: event, N: i, Outcome: string(outcome), Err: text(err)}); err != nil {
			return err
		}
		if err := w.unmount(); err != nil {
			return err
		}
	}
	if err := w.mount(); err != nil {
		return err
	}
	if err := w.makeSpace(); err != nil {
		return err
	}
	err := w.replace(job.AfterRecovery, job.AfterRecoverySize)
	if err := w.unmount(); err != nil {
		return err
	}
	return w.note(job.Note{Event: job.Edited, N: i, Err: text(err)}, w.disk.Sync)
}

// makeSpace does what the owner of a disk does that is nearly full.
func (w *worker) makeSpace() error {
	const enough = 64 << 10
	path := filepath.Join(w.dir, job.Filler)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()-enough)
}
