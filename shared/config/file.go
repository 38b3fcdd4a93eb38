package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// readFile reads a configuration file, at most MaxSize bytes of it. It never
// waits for a writer, whatever stands in the file's place.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, bare(err)
	case !info.Mode().IsRegular():
		return nil, ErrNotRegular
	case info.Size() > MaxSize:
		return nil, ErrTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	switch {
	case err != nil:
		return nil, bare(err)
	case len(data) > MaxSize:
		return nil, ErrTooLarge
	}
	return data, nil
}

// bare strips the operation and the path from an error: a reason names the
// file itself, and must be the same text for the same fault.
func bare(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("it is not there: %w", err)
	}
	return err
}
