package purge

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"resinos.io/services/state-binder/internal/place"
)

// Progress is how far a sweep is, in bytes on disk.
type Progress struct {
	Done, Total uint64
	Left        bool // something is left; Total is 0 while it is counted
}

// Trash reports whether there is anything for Sweep.
func Trash(dirs ...place.Dir) bool {
	for _, dir := range dirs {
		if entries, err := os.ReadDir(dir.Trash()); err == nil && len(entries) > 0 {
			return true
		}
	}
	return false
}

// Sweep deletes what purges took away from the partitions, and calls report
// before the first and after each file. It goes on after an error and returns all
// of them; it ends early with ctx. What is left, the next Sweep deletes.
func Sweep(ctx context.Context, report func(Progress), dirs ...place.Dir) error {
	s := &sweep{ctx: ctx, report: report}
	for _, dir := range dirs {
		s.count(dir.Trash())
	}
	s.progress.Left = true
	report(s.progress)
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, s.trash(dir))
	}
	err := errors.Join(append(errs, ctx.Err())...)
	s.progress.Left = err != nil
	report(s.progress)
	return err
}

// A sweep is one run of Sweep.
type sweep struct {
	ctx      context.Context
	report   func(Progress)
	progress Progress
}

// count adds what is below dir. What cannot be read is found by delete.
func (s *sweep) count(dir string) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		if info, err := entry.Info(); err == nil && path != dir {
			s.progress.Total += onDisk(info)
		}
		return nil
	})
}

// trash deletes what is in the partition's trash, if it has any.
func (s *sweep) trash(dir place.Dir) error {
	info, err := os.Lstat(dir.Trash())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.deleteIn(dir.Trash(), deviceOf(info))
}

// delete removes path, which is on device, and what is in it. Links are not
// followed; a file system that is mounted below is not entered.
func (s *sweep) delete(path string, device uint64) error {
	if s.ctx.Err() != nil {
		return nil // told once, by Sweep
	}
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.IsDir() && deviceOf(info) == device {
		if err := s.deleteIn(path, device); err != nil || s.ctx.Err() != nil {
			return err
		}
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	s.progress.Done = min(s.progress.Done+onDisk(info), s.progress.Total)
	s.report(s.progress)
	return nil
}

func (s *sweep) deleteIn(dir string, device uint64) error {
	entries, err := os.ReadDir(dir)
	errs := []error{err}
	for _, entry := range entries {
		errs = append(errs, s.delete(filepath.Join(dir, entry.Name()), device))
	}
	return errors.Join(errs...)
}

func deviceOf(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Dev
	}
	return 0
}

// onDisk returns the room that a file takes. One of several hard links counts
// when the last of them goes.
func onDisk(info fs.FileInfo) uint64 {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || stat.Nlink > 1 && !info.IsDir() {
		return 0
	}
	return uint64(stat.Blocks) * 512
}
