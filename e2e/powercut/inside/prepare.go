package inside

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Prepare mounts the kernel's own file systems and loads modules.
func Prepare(modules []string) error {
	for _, fs := range []string{"proc", "sys", "dev"} {
		kind := map[string]string{"proc": "proc", "sys": "sysfs", "dev": "devtmpfs"}[fs]
		if err := os.MkdirAll("/"+fs, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(kind, "/"+fs, kind, 0, ""); err != nil {
			return fmt.Errorf("cannot mount %s: %w", kind, err)
		}
	}
	for _, file := range modules {
		if err := load(file); err != nil {
			return fmt.Errorf("cannot load %s: %w", file, err)
		}
	}
	return nil
}

// load loads one module; the kernel unpacks it.
func load(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	flags := 0
	if !strings.HasSuffix(file, ".ko") {
		flags = unix.MODULE_INIT_COMPRESSED_FILE
	}
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && err != unix.EEXIST {
		return err
	}
	return nil
}

// DeviceOf returns the device file of the disk with a serial number.
func DeviceOf(serial string) (string, error) {
	for range 100 { // disks appear a moment after their driver
		disks, err := os.ReadDir("/sys/block")
		if err != nil {
			return "", err
		}
		for _, disk := range disks {
			text, err := os.ReadFile("/sys/block/" + disk.Name() + "/serial")
			if err == nil && strings.TrimSpace(string(text)) == serial {
				return "/dev/" + disk.Name(), nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", fmt.Errorf("no disk has the serial number %s", serial)
}

// MountFlags divides the options of a mount unit into flags and the file
// system's own options.
func MountFlags(options string) (flags uintptr, data string) {
	known := map[string]uintptr{
		"rw": 0, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
		"noatime": unix.MS_NOATIME, "ro": unix.MS_RDONLY, "sync": unix.MS_SYNCHRONOUS, "dirsync": unix.MS_DIRSYNC,
	}
	var own []string
	for option := range strings.SplitSeq(options, ",") {
		flag, ok := known[option]
		if !ok && !strings.HasPrefix(option, "x-") && option != "nofail" {
			own = append(own, option)
		}
		flags |= flag
	}
	return flags, strings.Join(own, ",")
}
