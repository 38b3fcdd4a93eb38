package release

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Reached says whether the roll-out has come to the device with this uuid. It
// grows only: a device that was reached at one share is reached at any larger
// one. Each release reaches the devices in another order.
func (m *Manifest) Reached(uuid string) bool {
	if m.Rollout.Pulled {
		return false
	}
	return Place(uuid, m.Version) < m.Rollout.Share
}

// Place returns where a device stands in the roll-out of version, 0 to 9999:
// from the SHA-256 of "uuid version", so that it needs nothing but these two.
func Place(uuid string, version Version) int {
	sum := sha256.Sum256([]byte(uuid + " " + version.String()))
	return int(binary.BigEndian.Uint64(sum[:8]) % Everyone)
}

// ParseShare reads "10%", "0.5%" or "100%" as ten-thousandths.
func ParseShare(text string) (int, error) {
	number, found := strings.CutSuffix(text, "%")
	whole, fraction, dotted := strings.Cut(number, ".")
	digits := whole + (fraction + "00")[:2]
	if share, err := strconv.ParseUint(digits, 10, 16); err == nil && found && whole != "" &&
		len(fraction) <= 2 && dotted == (fraction != "") && share <= Everyone {
		return int(share), nil
	}
	return 0, fmt.Errorf("%q is no share: from 0%% to 100%%, at most two decimals", text)
}
