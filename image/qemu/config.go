package qemu

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// UUID is the machine's identity in its firmware, from which the system in it
// takes its machine-id: the same in every run, so that logs can be compared.
const UUID = "9f6f1f0a-1111-4222-8333-444455556666"

// A Config says what to start.
type Config struct {
	Dir      string      // the machine's own directory: sockets, serial log
	Disk     string      // the disk, qcow2; written to
	Firmware string      // the firmware's variables, qcow2; written to
	Forward  map[int]int // port in the guest -> port on 127.0.0.1
	Memory   int         // in MiB; 0 means 1024
	Tap      *os.File    // an opened tap interface for the second network card; nil: its cable is in no socket
	Snapshot string      // a saved state of Disk to go on from, or empty: power on
	Args     []string    // more arguments of QEMU, after all others
}

// SerialLog returns the file with everything the machine wrote to its serial port,
// also before it was started again in the same directory.
func (c Config) SerialLog() string { return filepath.Join(c.Dir, "serial.log") }

func (c Config) controlSocket() string { return filepath.Join(c.Dir, "qmp") }

// args returns QEMU's command line. The processor is qemu64 because under TCG a
// newer one costs more in emulation than the guest gains; without svm, so that the
// guest does not start to virtualize in turn. The disk is
// virtio-blk because QEMU cannot save the state of its NVMe. A saved state can
// only be loaded by a machine with the same devices: the second network card and
// the watchdog are always there.
func (c Config) args() []string {
	memory := c.Memory
	if memory == 0 {
		memory = 1024
	}
	args := []string{
		"-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "qemu64,-svm",
		"-smp", "2", "-m", strconv.Itoa(memory), "-uuid", UUID,
		"-nodefaults", "-no-user-config", "-display", "none", "-vga", "std",
		"-drive", "if=pflash,format=raw,unit=0,readonly=on,file=" + FirmwareCode,
		"-drive", "if=pflash,format=qcow2,unit=1,file=" + c.Firmware,
		"-drive", "if=none,id=disk,format=qcow2,cache=writeback,discard=unmap,file=" + c.Disk,
		"-device", "virtio-blk-pci,drive=disk,bootindex=0",
		"-netdev", c.network(), "-device", "virtio-net-pci,netdev=net,romfile=",
		"-device", "virtio-rng-pci",
		"-netdev", c.secondNetwork(), "-device", "virtio-net-pci,netdev=net1,romfile=,mac=" + secondMAC,
		"-device", "i6300esb,id=watchdog",
		"-chardev", "file,id=serial,append=on,path=" + c.SerialLog(), "-serial", "chardev:serial",
		"-qmp", "unix:" + c.controlSocket() + ",server=on,wait=off",
	}
	if c.Snapshot != "" {
		args = append(args, "-loadvm", c.Snapshot)
	}
	return append(args, c.Args...)
}

// tapFD is the first file that a process has beside its three standard ones.
const tapFD = 3

// secondMAC is the second network card's address.
const secondMAC = "52:54:00:12:34:99"

func (c Config) secondNetwork() string {
	if c.Tap == nil {
		return "hubport,id=net1,hubid=1"
	}
	return fmt.Sprintf("tap,id=net1,fd=%d", tapFD)
}

// network is the first network card's: to the host and, through it, to the world, but
// with a second network only to the forwarded ports: its resolver would answer for
// names of the other's.
func (c Config) network() string {
	network := "user,id=net"
	if c.Tap != nil {
		network += ",restrict=on"
	}
	for guest, host := range c.Forward {
		network += fmt.Sprintf(",hostfwd=tcp:127.0.0.1:%d-:%d", host, guest)
	}
	return network
}
