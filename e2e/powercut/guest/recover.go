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
		if err := w.become(patch, want, now); err != nil {
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
	return w.note(job.Note{Event: job.Edited, N: i, Err: text(err)}, w.device.Sync)
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

// become puts patch onto the disk as it was, which is in want; now is memory to
// work with. What earlier recoveries have written elsewhere lies in clusters that
// were free then and are now, and stays.
func (w *worker) become(patch, want, now []byte) error {
	if err := w.read(now); err != nil {
		return err
	}
	for at, sector := range job.Patch(patch) {
		if at < w.Extent {
			copy(want[at:], sector)
		} else if err := w.write(at, sector); err != nil {
			return err
		}
	}
	if err := w.writeChanges(want, now); err != nil {
		return err
	}
	return w.device.Sync()
}

// writeChanges writes the sectors of want that differ from what is there now.
func (w *worker) writeChanges(want, now []byte) error {
	const large, sector = 64 << 10, 512
	for at := 0; at < len(want); at += large {
		end := min(at+large, len(want))
		if bytes.Equal(want[at:end], now[at:end]) {
			continue
		}
		for from := at; from < end; from += sector {
			to := from
			for to < end && !bytes.Equal(want[to:to+sector], now[to:to+sector]) {
				to += sector
			}
			if to == from {
				continue
			}
			if err := w.write(int64(from), want[from:to]); err != nil {
				return err
			}
			from = to
		}
	}
	return nil
}

func (w *worker) write(at int64, data []byte) error {
	copy(w.buffer, data)
	_, err := w.device.WriteAt(w.buffer[:len(data)], at)
	return err
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
