package release

import (
	"errors"
	"fmt"
	"strings"
)

// ErrSystem is wrapped when a system does not say what it is.
var ErrSystem = errors.New("the system does not say what it is")

// OSRelease is where a root file system describes itself, relative to its top.
const OSRelease = "usr/lib/os-release"

// A System is what a root file system says of itself: what a manifest is made
// from, and what a device compares manifests with.
type System struct {
	Version    Version // IMAGE_VERSION: without the suffix of the variant that VERSION_ID has
	DeviceType string  // RESINOS_DEVICE_TYPE
	Variant    string  // VARIANT_ID
}

// ParseSystem reads an os-release file, see os-release(5). What lacks one of the
// three, or has one that a manifest could not have, is [ErrSystem].
func ParseSystem(file []byte) (System, error) {
	values := map[string]string{}
	for line := range strings.Lines(string(file)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "=")
		if found && !strings.HasPrefix(name, "#") {
			values[name] = unquote(value)
		}
	}
	version, err := ParseVersion(values["IMAGE_VERSION"])
	if err != nil {
		return System{}, fmt.Errorf("%w: IMAGE_VERSION: %w", ErrSystem, err)
	}
	system := System{version, values["RESINOS_DEVICE_TYPE"], values["VARIANT_ID"]}
	for name, value := range map[string]string{"RESINOS_DEVICE_TYPE": system.DeviceType, "VARIANT_ID": system.Variant} {
		if !namePattern.MatchString(value) {
			return System{}, fmt.Errorf("%w: %s is %.80q: only a-z, 0-9, dot, hyphen and underscore", ErrSystem, name, value)
		}
	}
	return system, nil
}

// unquote takes the quotes off; no value that is accepted has anything to escape.
func unquote(value string) string {
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		return value[1 : len(value)-1]
	}
	return value
}
