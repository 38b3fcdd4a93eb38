package device

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"resinos.io/image/qemu"
)

// The boot partition's place in the image, see image/disk.table.
const (
	bootOffset = 1 << 20
	bootSize   = 64 << 20
)

// putBoot writes files to the boot partition of the overlay disk, whose base is image.
func putBoot(ctx context.Context, image, disk, dir string, files map[string][]byte) error {
	if len(files) == 0 {
		return nil
	}
	fat := filepath.Join(dir, "boot.fat")
	if err := copyBoot(image, fat); err != nil {
		return fmt.Errorf("cannot read the boot partition: %w", err)
	}
	for path, content := range files {
		command := exec.CommandContext(ctx, "mcopy", "-o", "-i", fat, "-", "::"+path)
		command.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1")
		command.Stdin = bytes.NewReader(content)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot write %s to the boot partition: %w: %s", path, err, strings.TrimSpace(string(out)))
		}
	}
	return qemu.WriteAt(ctx, disk, fat, bootOffset, bootSize)
}

func copyBoot(image, fat string) error {
	in, err := os.Open(image)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(fat)
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(out, io.NewSectionReader(in, bootOffset, bootSize))
	return err
}
