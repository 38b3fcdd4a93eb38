package inside

import (
	"strings"

	"golang.org/x/sys/unix"
)

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
