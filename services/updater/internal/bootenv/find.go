package bootenv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"resinos.io/shared/layout"
)

// ErrBootLoader is wrapped when the device's description of its boot loader is no use.
var ErrBootLoader = errors.New("the boot loader is not one that is known")

// The names of boot loaders in the device's description.
const (
	nameGRUB  = "grub"
	nameUBoot = "u-boot"
	nameUEnv  = "u-boot-uenv"
)

// Places in the device's root directory. fw_env.config is where U-Boot's own tools
// look, see fw_env.config(5).
const (
	deviceConf = "/usr/lib/resinos/device.conf"
	fwEnv      = "/etc/fw_env.config"
)

// Find returns the environment of the device's boot loader: of the one that the
// line BOOT_LOADER= of /usr/lib/resinos/device.conf names, else of the one whose
// environment is there; GRUB if none is.
func Find(root layout.Root) (Loader, error) {
	name, err := named(root.Path(deviceConf))
	if err != nil {
		return nil, err
	}
	grub, uenv := grubOf(root.Boot()), uenvOf(root.Boot())
	switch {
	case name == nameGRUB || name == "" && isThere(grub.Path):
		return grub, nil
	case name == nameUBoot || name == "" && isThere(root.Path(fwEnv)):
		return ubootOf(root)
	case name == nameUEnv || name == "" && isThere(uenv.Path):
		return uenv, nil
	case name == "":
		return grub, nil
	}
	return nil, fmt.Errorf("cannot use %s: %w: BOOT_LOADER=%.40s", deviceConf, ErrBootLoader, name)
}

func grubOf(boot string) GRUB {
	return GRUB{Path: filepath.Join(boot, "EFI/BOOT/grubenv"), Good: filepath.Join(boot, "EFI/BOOT/grubenv.good")}
}

func uenvOf(boot string) UEnv {
	return UEnv{Path: filepath.Join(boot, "resinOS_uEnv.txt"), Count: filepath.Join(boot, "bootcount.env")}
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// named returns the value of BOOT_LOADER, "" if the file or the line is not there.
func named(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("cannot tell the boot loader: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), "BOOT_LOADER="); found {
			return strings.Trim(value, `"'`), nil
		}
	}
	return "", nil
}

// ubootOf reads where U-Boot's two copies are.
func ubootOf(root layout.Root) (Loader, error) {
	text, err := os.ReadFile(root.Path(fwEnv))
	if err != nil {
		return nil, fmt.Errorf("cannot find U-Boot's environment: %w", err)
	}
	copies, err := parseFwEnv(string(text))
	if err != nil {
		return nil, fmt.Errorf("cannot use %s: %w", fwEnv, err)
	}
	for i := range copies {
		copies[i].Path = root.Path(copies[i].Path)
	}
	return UBoot{Copies: copies}, nil
}
