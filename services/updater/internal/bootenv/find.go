package bootenv

import (
	"path/filepath"

	"resinos.io/shared/layout"
)

// Find returns the boot loader's environment of the device.
func Find(root layout.Root) (Loader, error) {
	return GRUB{
		Path: filepath.Join(root.Boot(), "EFI/BOOT/grubenv"),
		Good: filepath.Join(root.Boot(), "EFI/BOOT/grubenv.good"),
	}, nil
}
