package config

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

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
