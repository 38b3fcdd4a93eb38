package config

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The patterns of the schema, each beside the function that decides.
// Wherever they differ the pattern is the wider one, because a regular
// expression cannot say what an IPv6 address or a valid key blob is.
const (
	maxInteger  = 1<<53 - 1 // what every JSON program can hold
	maxInterval = 7 * 24 * 60 * 60

	label       = `[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?`
	octet       = `(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`
	addressItem = `(` + octet + `(\.` + octet + `){3}|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)`
	hostItem    = `(` + label + `(\.` + label + `)*|[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*)`
	noControl   = `\x00-\x1f\x7f-\x9f` + "\u2028\u2029"

	patternHostname   = `^` + label + `$`
	patternUUID       = `^[0-9A-Fa-f]{32}$`
	patternAddresses  = `^ *(null|(` + addressItem + `( +` + addressItem + `)*)?) *$`
	patternHosts      = `^ *(` + hostItem + `( +` + hostItem + `)*)? *$`
	patternCountry    = `^[A-Za-z]{2}$`
	patternWebURL     = `^https?://[!-~]{1,1000}$`
	patternRepository = `^(https?://|file:///)[!-~]{1,1000}$`
	patternLine       = `^[^` + noControl + `]{1,256}$`
	patternSSHKey     = `^[a-z0-9@.-]{1,64} [A-Za-z0-9+/]{8,}={0,2}( [^` + noControl + `]{1,256})?$`
	patternChannel    = `^[a-z0-9][a-z0-9._-]{0,62}$`
	patternWindow     = `^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$`
	patternInterval   = `^[1-9][0-9]{0,5}$`
	patternSize       = `^[1-9][0-9]{0,15}[KMGT]?$`
	patternImage      = `^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$`
)

// ValidHostname reports whether name is one label as RFC 1123 has it: 1 to 63
// ASCII letters, digits and hyphens, not beginning or ending with a hyphen.
// A label of digits alone is valid: RFC 1123 forbids that only for the last
// label of a full name, which here is "local", and the default name, which is
// cut from the uuid, may well be one.
func ValidHostname(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("%w: it is empty", ErrInvalidHostname)
	case len(name) > 63:
		return fmt.Errorf("%w: longer than 63 characters", ErrInvalidHostname)
	case name[0] == '-' || name[len(name)-1] == '-':
		return fmt.Errorf("%w: a hyphen at its beginning or end", ErrInvalidHostname)
	case !consistsOf(name, func(c byte) bool { return isAlnum(c) || c == '-' }):
		return fmt.Errorf("%w: only letters, digits and hyphens", ErrInvalidHostname)
	}
	return nil
}

// ValidUUID reports whether s is 32 hexadecimal digits.
func ValidUUID(s string) error {
	if len(s) != 32 || !consistsOf(s, isHex) {
		return fmt.Errorf("%w: it must be 32 hexadecimal digits", ErrInvalidUUID)
	}
	return nil
}

func hostname(s string) (string, error) { return s, ValidHostname(s) }

func uuid(s string) (string, error) { return s, ValidUUID(s) }

func country(s string) (string, error) {
	if len(s) != 2 || !consistsOf(s, isLetter) {
		return "", invalid("it must be two letters (ISO 3166-1 alpha-2)")
	}
	return strings.ToUpper(s), nil
}

// address accepts an IP address without a zone.
func address(s string) error {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return invalid("%q is not an IP address", s)
	}
	return nil
}

// host accepts an IP address or a host name.
func host(s string) error {
	if address(s) == nil {
		return nil
	}
	labels := strings.Split(s, ".")
	if len(s) > 253 || slices.ContainsFunc(labels, func(l string) bool { return ValidHostname(l) != nil }) {
		return invalid("%q is neither an IP address nor a host name", s)
	}
	return nil
}

func webURL(s string) (string, error) { return s, checkURL(s, "http", "https") }

func repository(s string) (string, error) { return s, checkURL(s, "http", "https", "file") }

func checkURL(s string, schemes ...string) error {
	u, err := url.Parse(s)
	switch {
	case len(s) > 1000 || !consistsOf(s, func(c byte) bool { return c > ' ' && c < 0x7f }):
		return invalid("it must be a URL of at most 1000 printable ASCII characters")
	case err != nil || !slices.Contains(schemes, u.Scheme) || !strings.HasPrefix(s, u.Scheme+"://"):
		return invalid("it must be a URL with %s", strings.Join(schemes, " or "))
	case u.Scheme == "file" && (u.Host != "" || len(u.Path) < 2):
		return invalid("a file URL must name a path: file:///path")
	case u.Scheme != "file" && u.Hostname() == "":
		return invalid("the URL names no host")
	}
	return nil
}

// line accepts what can stand on one line of another program's file.
func line(s string) (string, error) {
	if n := len([]rune(s)); n < 1 || n > 256 || strings.ContainsFunc(s, breaksLine) {
		return "", invalid("it must be 1 to 256 characters on one line, without control characters")
	}
	return s, nil
}

func breaksLine(r rune) bool {
	return r < 0x20 || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029
}

func channel(s string) (string, error) {
	ok := func(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'z' || strings.IndexByte("._-", c) >= 0 }
	if len(s) < 1 || len(s) > 63 || !consistsOf(s, ok) || strings.IndexByte("._-", s[0]) >= 0 {
		return "", invalid("it must be 1 to 63 of a-z, 0-9, dot, hyphen and underscore, and begin with a letter or digit")
	}
	return s, nil
}

func image(s string) (string, error) {
	ok := func(c byte) bool { return isAlnum(c) || strings.IndexByte("._:/@-", c) >= 0 }
	if len(s) < 1 || len(s) > 255 || !consistsOf(s, ok) || !isAlnum(s[0]) {
		return "", invalid("it must be a container image reference")
	}
	return s, nil
}

// sshKey accepts "type base64 [comment]", with the type repeated inside the
// base64 as RFC 4253 section 6.6 has it. Options before the type are refused.
func sshKey(s string) error {
	parts := strings.SplitN(s, " ", 3)
	if len(parts) < 2 || strings.ContainsFunc(s, breaksLine) {
		return invalid("it must be one line: type, base64 and an optional comment")
	}
	if len(parts) == 3 && (parts[2] == "" || len([]rune(parts[2])) > 256) {
		return invalid("the comment must be 1 to 256 characters")
	}
	blob, err := base64.StdEncoding.Strict().DecodeString(parts[1])
	if err != nil || len(parts[1]) > 16000 || len(blob) < 4 {
		return invalid("the second word is not the base64 of a key")
	}
	n := binary.BigEndian.Uint32(blob)
	if uint64(n) > uint64(len(blob)-4) || string(blob[4:4+n]) != parts[0] || n == 0 || n > 64 {
		return invalid("the key is not of the type it says")
	}
	return nil
}

// parseWindow reads HH:MM-HH:MM.
func parseWindow(s string) (*Window, error) {
	from, to, ok := strings.Cut(s, "-")
	start, err1 := time.Parse("15:04", from)
	end, err2 := time.Parse("15:04", to)
	if !ok || len(from) != 5 || len(to) != 5 || err1 != nil || err2 != nil {
		return nil, invalid("it must be HH:MM-HH:MM")
	}
	clock := func(t time.Time) time.Duration {
		return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return &Window{clock(start), clock(end)}, nil
}

// parseSize reads digits with an optional K, M, G or T (powers of 1024).
func parseSize(s string) (uint64, error) {
	digits := strings.TrimRight(s, "KMGT")
	shift := 0
	if suffix := s[len(digits):]; len(suffix) > 1 {
		return 0, invalid("it must be a size such as 8M")
	} else if suffix != "" {
		shift = 10 * (strings.Index("KMGT", suffix) + 1)
	}
	n, err := parseDigits(digits, 16)
	if err != nil || n > math.MaxInt64>>shift {
		return 0, invalid("it must be a size such as 8M")
	}
	return n << shift, nil
}

// parseDigits reads a decimal number from 1 of at most width digits.
func parseDigits(s string, width int) (uint64, error) {
	if s == "" || len(s) > width || s[0] == '0' || !consistsOf(s, isDigit) {
		return 0, invalid("it must be a number from 1 of at most %d digits", width)
	}
	return strconv.ParseUint(s, 10, 64)
}

func consistsOf(s string, ok func(byte) bool) bool {
	for i := range len(s) {
		if !ok(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalidValue, fmt.Sprintf(format, args...))
}
