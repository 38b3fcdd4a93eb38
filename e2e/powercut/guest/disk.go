package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm/inside"
	"resinos.io/shared/config"
)

// A worker works on one disk.
type worker struct {
	job.Disk
	disk    *inside.Disk
	options string
	dir     string // where it is mounted
	log     *slog.Logger
}

func openDisk(d job.Disk, options string, log *slog.Logger) (*worker, error) {
	disk, err := inside.Open(d.Name)
	if err != nil {
		return nil, err
	}
	w := &worker{Disk: d, disk: disk, options: options, dir: "/mnt/" + d.Name, log: log}
	return w, os.MkdirAll(w.dir, 0o755)
}

// note writes a note to the disk. It is no flush and waits for none, so that it
// changes nothing about what a power cut can lose; after is called when it is written.
func (w *worker) note(n job.Note, after ...func() error) error {
	sector, err := n.Sector()
	if err != nil {
		return err
	}
	if err := w.disk.Write(int64(w.NotesAt)*int64(len(sector)), sector); err != nil {
		return fmt.Errorf("cannot write a note: %w", err)
	}
	for _, f := range after {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) mount() error {
	flags, data := inside.MountFlags(w.options)
	if err := unix.Mount(w.disk.Path, w.dir, "vfat", flags, data); err != nil {
		return fmt.Errorf("cannot mount %s with %s: %w", w.disk.Path, w.options, err)
	}
	return nil
}

func (w *worker) unmount() error {
	if err := unix.Unmount(w.dir, 0); err != nil {
		return fmt.Errorf("cannot unmount %s: %w", w.dir, err)
	}
	return nil
}

func (w *worker) config() string { return filepath.Join(w.dir, job.Config) }

func (w *worker) store() *config.Store { return config.NewStore(w.config(), "", w.log) }

// text returns an error's text, "" if there is none.
func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
