package release

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Version is MAJOR.MINOR.PATCH[-PRERELEASE][+revN], ordered as Semantic
// Versioning 2.0.0 orders it, then by N: 2.0.0-rc.1 < 2.0.0 < 2.0.0+rev1 <
// 2.0.0+rev2 < 2.0.1. Other build metadata would have no order and is refused.
// Versions are equal with == exactly when Compare says so.
type Version struct {
	numbers    [3]uint32
	prerelease string
	revision   uint32 // 0 without +revN
}

var versionPattern = regexp.MustCompile(
	`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+rev([1-9]\d*))?$`)

const maxVersion = 64 // characters

// ParseVersion reads a version. Its errors wrap [ErrVersion].
func ParseVersion(text string) (Version, error) {
	match := versionPattern.FindStringSubmatch(text)
	if match == nil || len(text) > maxVersion {
		return Version{}, fmt.Errorf("%w: %.80q is not of the form 1.2.3, 1.2.3-rc.1 or 1.2.3+rev1", ErrVersion, text)
	}
	version := Version{prerelease: match[4]}
	for i, part := range []string{match[1], match[2], match[3], cmp.Or(match[5], "0")} {
		number, err := strconv.ParseUint(part, 10, 32)
		if err != nil {
			return Version{}, fmt.Errorf("%w: a number of %q is too large", ErrVersion, text)
		}
		if i == len(version.numbers) {
			version.revision = uint32(number)
		} else {
			version.numbers[i] = uint32(number)
		}
	}
	for part := range strings.SplitSeq(version.prerelease, ".") {
		if numeric(part) && len(part) > 1 && part[0] == '0' {
			return Version{}, fmt.Errorf("%w: %q has a number with a leading zero", ErrVersion, text)
		}
	}
	return version, nil
}

// String returns what [ParseVersion] reads.
func (v Version) String() string {
	text := fmt.Sprintf("%d.%d.%d", v.numbers[0], v.numbers[1], v.numbers[2])
	if v.prerelease != "" {
		text += "-" + v.prerelease
	}
	if v.revision > 0 {
		text += fmt.Sprintf("+rev%d", v.revision)
	}
	return text
}

// Compare returns -1 if v is older than other, 0 if they are equal, 1 if newer.
func (v Version) Compare(other Version) int {
	for i, number := range v.numbers {
		if order := cmp.Compare(number, other.numbers[i]); order != 0 {
			return order
		}
	}
	return cmp.Or(comparePrerelease(v.prerelease, other.prerelease), cmp.Compare(v.revision, other.revision))
}

// MarshalText and UnmarshalText make a version a string in JSON.
func (v Version) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (v *Version) UnmarshalText(text []byte) (err error) {
	*v, err = ParseVersion(string(text))
	return err
}

// comparePrerelease follows item 11 of Semantic Versioning 2.0.0.
func comparePrerelease(a, b string) int {
	if a == "" || b == "" {
		return cmp.Compare(min(len(b), 1), min(len(a), 1)) // none is newer than any
	}
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(left), len(right)) {
		if order := compareIdentifier(left[i], right[i]); order != 0 {
			return order
		}
	}
	return cmp.Compare(len(left), len(right))
}

// compareIdentifier: numbers before words; numbers have no leading zeros, so
// that the longer one is the larger.
func compareIdentifier(a, b string) int {
	switch {
	case numeric(a) && numeric(b):
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	case numeric(a):
		return -1
	case numeric(b):
		return 1
	}
	return cmp.Compare(a, b)
}

func numeric(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
