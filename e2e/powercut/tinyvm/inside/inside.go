// Package inside is what a program needs that is alone in a tinyvm: its job, the
// kernel's own file systems, modules, and the disks by their serial numbers.
package inside

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNoDisk means that no disk has the serial number that was asked for.
var ErrNoDisk = errors.New("no disk has the serial number")

// Main is all of a program's main: it reads the job from file, works, says how that
// went and switches the machine off. work calls [Prepare] first.
func Main[Job any](file string, work func(Job, *slog.Logger) error) {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	todo, err := read[Job](file)
	if err == nil {
		err = work(todo, log)
	}
	if err != nil {
		log.Error("failed", "error", err)
	} else {
		log.Info("all done") // tinyvm.Done
	}
	powerOff() // process 1 must not return
}

func read[Job any](file string) (todo Job, err error) {
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &todo)
	}
	if err != nil {
		return todo, fmt.Errorf("cannot read the job: %w", err)
	}
	return todo, nil
}

// Prepare mounts the kernel's own file systems and loads modules, whose files are
// in the order in which they need each other.
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
	if err := unix.FinitModule(int(f.Fd()), "", flags); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

// Device returns the device file of the disk with a serial number, and waits for it.
func Device(serial string) (string, error) {
	for range 100 { // disks appear a moment after their driver, and their files after them
		disks, err := os.ReadDir("/sys/block")
		if err != nil {
			return "", err
		}
		for _, disk := range disks {
			text, err := os.ReadFile("/sys/block/" + disk.Name() + "/serial")
			device := "/dev/" + disk.Name()
			if err != nil || strings.TrimSpace(string(text)) != serial {
				continue
			}
			if _, err := os.Stat(device); err == nil {
				return device, nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "", fmt.Errorf("%w %s", ErrNoDisk, serial)
}

// powerOff switches the machine off, which is all that process 1 can do at its end.
func powerOff() {
	unix.Sync()
	for unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF) != nil {
		time.Sleep(time.Second)
	}
}
