// Package layout names the places of a resinOS device that more than one
// program reads or writes, below a root directory that the caller injects.
//
// On a device the root is "/". Tests, and tools that look at the mounted disk
// of another machine, give another directory; no program of this project names
// an absolute path in any other way. Package layout does no input or output.
package layout

import "path/filepath"

// A Root is the directory that holds the file system of a device.
type Root string

// Device is the root of the running system.
const Device Root = "/"

// Path returns the place of path, absolute as the device sees it, below the root.
func (r Root) Path(path string) string {
	return filepath.Join(string(r), path)
}

// Boot returns the mount point of the boot partition (FAT).
func (r Root) Boot() string { return r.Path("/mnt/boot") }

// ConfigFile returns the owner's configuration file, on the boot partition.
func (r Root) ConfigFile() string { return r.Path("/mnt/boot/config.json") }

// State returns the mount point of the state partition.
func (r Root) State() string { return r.Path("/mnt/state") }

// Data returns the mount point of the data partition.
func (r Root) Data() string { return r.Path("/mnt/data") }

// ServiceState returns the directory in which service keeps what must survive
// a reboot. systemd makes it (StateDirectory=resinos/<service>).
func (r Root) ServiceState(service string) string {
	return filepath.Join(r.Path("/var/lib/resinos"), service)
}
