package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/powercut/job"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
)

// recoverAll puts each state onto the disk, and does there what a device does
// after a power cut: mounts, recovers, starts again, recovers again, and edits.
func (w *worker) recoverAll() error {
	pristine := make([]byte, w.Extent)
	if err := w.read(pristine); err != nil {
		return err
	}
	want, now := make([]byte, w.Extent), make([]byte, w.Extent)
	for i, file := range w.States {
		patch, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		copy(want, pristine)
		if err := job.Apply(patch, want); err != nil {
			return fmt.Errorf("state %d: %w", i, err)
		}
		if err := w.become(want, now); err != nil {
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
	// On a disk that is nearly full the owner makes space first.
	if err := os.Remove(filepath.Join(w.dir, job.Filler)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := w.replace(job.AfterRecovery, job.AfterRecoverySize)
	if err := w.unmount(); err != nil {
		return err
	}
	return w.note(job.Note{Event: job.Edited, N: i, Err: text(err)}, w.device.Sync)
}

// become gives the disk the content want, durably; now is memory to work with.
func (w *worker) become(want, now []byte) error {
	if err := w.read(now); err != nil {
		return err
	}
	const large, block = 64 << 10, 512
	for at := 0; at < len(want); at += large {
		end := min(at+large, len(want))
		if bytes.Equal(want[at:end], now[at:end]) {
			continue
		}
		for from := at; from < end; from += block {
			if bytes.Equal(want[from:from+block], now[from:from+block]) {
				continue
			}
			to := from + block
			for to < end && !bytes.Equal(want[to:to+block], now[to:to+block]) {
				to += block
			}
			copy(w.buffer, want[from:to])
			if _, err := w.device.WriteAt(w.buffer[:to-from], int64(from)); err != nil {
				return err
			}
			from = to
		}
	}
	return w.device.Sync()
}

// read reads the beginning of the disk, from the disk and not from the cache.
func (w *worker) read(into []byte) error {
	if err := unix.IoctlSetInt(int(w.device.Fd()), unix.BLKFLSBUF, 0); err != nil {
		return fmt.Errorf("cannot empty the cache: %w", err)
	}
	for at := 0; at < len(into); at += bufferSize {
		part := w.buffer[:min(bufferSize, len(into)-at)]
		if _, err := w.device.ReadAt(part, int64(at)); err != nil {
			return err
		}
		copy(into[at:], part)
	}
	return nil
}
