package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/powercut/job"
	"resinos.io/shared/config"
)

// editTime bounds one edit; a machine without KVM is slow.
const editTime = 30 * time.Second

// record carries out the edits of a disk, each between two notes.
func (w *worker) record() error {
	if err := w.mount(); err != nil {
		return err
	}
	for i, size := range w.Sizes {
		g := i + 1
		if len(w.Free) > 0 {
			if err := w.leaveFree(w.Free[i]); err != nil {
				return err
			}
		}
		if err := w.note(job.Note{Event: job.Begin, N: g}); err != nil {
			return err
		}
		err := w.replace(w.Number(g), size)
		if err != nil && len(w.Free) == 0 {
			return err
		}
		if err := w.note(job.Note{Event: job.End, N: g, Err: text(err)}); err != nil {
			return err
		}
	}
	return w.unmount()
}

// replace makes config.json the file of a generation.
func (w *worker) replace(g, size int) error {
	switch w.Strategy {
	case job.Truncate:
		return write(w.config(), job.Text(g, size))
	case job.Rename:
		return w.rename(job.Text(g, size))
	}
	ctx, cancel := context.WithTimeout(context.Background(), editTime)
	defer cancel()
	return w.store().Edit(ctx, edit(g, size))
}

func edit(g, size int) func(*config.Document) error {
	return func(d *config.Document) error {
		if err := d.Set(job.Generation, g); err != nil {
			return err
		}
		return d.Set(job.Payload, job.Filling(g, size))
	}
}

// write is what many programs do.
func write(path, content string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteString(content); err != nil {
		return err
	}
	return f.Sync()
}

// rename is what is right on ext4.
func (w *worker) rename(content string) error {
	tmp := w.config() + ".tmp"
	if err := write(tmp, content); err != nil {
		return err
	}
	if err := os.Rename(tmp, w.config()); err != nil {
		return err
	}
	dir, err := os.Open(w.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}

// leaveFree makes the filler as large or as small as it takes.
func (w *worker) leaveFree(clusters int) error {
	if err := w.note(job.Note{Event: job.Resizing}); err != nil {
		return err
	}
	var now unix.Statfs_t
	if err := unix.Statfs(w.dir, &now); err != nil {
		return err
	}
	path := filepath.Join(w.dir, job.Filler)
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	size := info.Size() + (int64(now.Bavail)-int64(clusters))*now.Bsize
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if size > info.Size() {
		_, err = f.WriteAt(make([]byte, size-info.Size()), info.Size())
	} else {
		err = f.Truncate(size)
	}
	if err != nil {
		return fmt.Errorf("cannot leave %d clusters free: %w", clusters, err)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return w.disk.Sync()
}
