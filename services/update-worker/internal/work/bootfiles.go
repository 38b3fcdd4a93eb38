package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/release"
	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

// bootFiles adds the boot files that are not there yet. Those that are, the boot
// loader itself among them, are left: no order of writes to FAT is safe while the
// firmware may read them.
func (w *Work) bootFiles(ctx context.Context, m *release.Manifest) error {
	var missing []string
	for _, file := range m.Boot {
		if _, err := os.Stat(filepath.Join(w.Boot, file.Path)); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, file.Path)
		}
	}
	pending := filepath.Join(w.Dir, updatework.PendingBootFiles)
	if len(missing) > 0 {
		// So that the next boot finishes what a power cut interrupts.
		list, err := json.Marshal(missing)
		if err != nil {
			return err
		}
		if err := atomicfile.Write(pending, list, 0o600); err != nil {
			return err
		}
	}
	if err := w.addBootFiles(ctx, m); err != nil {
		return err
	}
	// In a folder that was made just now Linux does not write the removal of a side
	// file with the folder: seen on the recorded disk.
	if err := syncAll(w.Boot); err != nil {
		return err
	}
	return atomicfile.Remove(pending)
}

// syncAll makes durable what is on the file system of dir.
func syncAll(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	return unix.Syncfs(int(file.Fd()))
}

func (w *Work) addBootFiles(ctx context.Context, m *release.Manifest) error {
	for _, file := range m.Boot {
		if err := w.bootFile(ctx, file); err != nil {
			return fmt.Errorf("cannot add the boot file %s: %w", file.Path, err)
		}
	}
	return nil
}

func (w *Work) bootFile(ctx context.Context, file release.File) error {
	path := filepath.Join(w.Boot, file.Path)
	// What a power cut left of an earlier try is finished, whatever its content.
	if err := atomicfile.Finish(path); err != nil {
		return err
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	data, err := w.source.Fetch(ctx, trust.BootPath(file.SHA256), file.Size)
	if err != nil {
		return err
	}
	if err := verify(data, file); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return atomicfile.Replace(path, nil, data, 0o600)
}
