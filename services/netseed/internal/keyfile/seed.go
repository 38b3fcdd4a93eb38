package keyfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Connection is what netseed has to know of a connection.
type Connection struct {
	ID          string
	UUID        string // 36 characters, lower case
	Type        string // as NetworkManager's D-Bus interface has it, e.g. "802-3-ethernet"
	Interface   string // "" for any
	Autoconnect bool
	Priority    int // autoconnect-priority
}

// Complete checks that f can become a connection and puts in what may be absent:
// the id (NetworkManager takes the file's name, which the caller gives without
// suffix) and a uuid that follows from that name and nothing else, so that the same
// file stays the same connection when its content changes.
func (f *File) Complete(name string) (Connection, error) {
	c := Connection{
		ID: f.Get("connection", "id"), UUID: strings.ToLower(f.Get("connection", "uuid")),
		Interface: f.Get("connection", "interface-name"), Autoconnect: !isFalse(f.Get("connection", "autoconnect")),
	}
	if !f.Has("connection") {
		return c, fmt.Errorf("%w: it has no section [connection]", ErrInvalid)
	}
	var err error
	if c.Type, err = f.kind(); err != nil {
		return c, err
	}
	if text := f.Get("connection", "autoconnect-priority"); text != "" {
		if c.Priority, err = strconv.Atoi(text); err != nil || c.Priority < -999 || c.Priority > 999 {
			return c, fmt.Errorf("%w: autoconnect-priority is %q, not a number from -999 to 999", ErrInvalid, text)
		}
	}
	if c.Interface != "" && !interfaceName.MatchString(c.Interface) {
		return c, fmt.Errorf("%w: interface-name %q is none: it has 1 to 15 characters, without space, slash and colon", ErrInvalid, c.Interface)
	}
	switch {
	case c.UUID == "":
		c.UUID = derived(name)
		f.Set("connection", "uuid", c.UUID)
	case !uuid.MatchString(c.UUID):
		return c, fmt.Errorf("%w: uuid %q is none: 8-4-4-4-12 hexadecimal digits", ErrInvalid, c.UUID)
	}
	if c.ID == "" {
		c.ID = name
		f.Set("connection", "id", name)
	}
	return c, nil
}

//nolint:gochecknoglobals // patterns
var (
	uuid          = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	interfaceName = regexp.MustCompile(`^[^\s/:]{1,15}$`)
)

// types are connection.type's values that have another name in a file than on the
// bus, from libnm-core's aliases; the section of settings may have either.
func types() map[string]string {
	return map[string]string{"ethernet": "802-3-ethernet", "wifi": "802-11-wireless"}
}

// known are the other types that NetworkManager 1.52 makes connections of.
func known() []string {
	return []string{
		"6lowpan", "802-11-olpc-mesh", "802-11-wireless", "802-3-ethernet", "adsl", "bluetooth", "bond", "bridge", "cdma",
		"dummy", "generic", "gsm", "hsr", "infiniband", "ip-tunnel", "ipvlan", "loopback", "macsec", "macvlan", "ovs-bridge",
		"ovs-interface", "ovs-port", "pppoe", "team", "tun", "veth", "vlan", "vpn", "vrf", "vxlan", "wifi-p2p", "wimax",
		"wireguard", "wpan",
	}
}

// kind returns the connection's type by its name on the bus.
func (f *File) kind() (string, error) {
	kind := f.Get("connection", "type")
	if kind == "" {
		return "", fmt.Errorf("%w: [connection] has no type", ErrInvalid)
	}
	if long, ok := types()[kind]; ok {
		return long, nil
	}
	for _, k := range known() {
		if k == kind {
			return kind, nil
		}
	}
	return "", fmt.Errorf("%w: type %q is none that NetworkManager knows; the usual ones are ethernet, wifi and gsm", ErrInvalid, kind)
}

// derived makes a uuid of a name, in the form of version 8 of RFC 9562.
func derived(name string) string {
	sum := sha256.Sum256([]byte("resinos connection file\x00" + name))
	sum[6] = sum[6]&0x0f | 0x80
	sum[8] = sum[8]&0x3f | 0x80
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// isFalse is GKeyFile's boolean, as NetworkManager reads it.
func isFalse(s string) bool {
	switch strings.ToLower(s) {
	case "false", "no", "0", "off":
		return true
	}
	return false
}
