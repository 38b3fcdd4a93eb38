package config

import "time"

// Config is what a device's owner asked for: every key of config.json that a
// host service reads, checked and in units that need no further parsing. The
// zero value of a field means that the key is absent, unless Defaults says more.
type Config struct {
	Hostname          string  // one RFC 1123 label, "" = not set
	UUID              string  // 32 hexadecimal digits, "" = not made yet
	PersistentLogging bool    // keep the journal over reboots
	DNSServers        Servers // addresses, added before those from DHCP
	NTPServers        Servers // addresses or names, added to those from DHCP
	Country           string  // ISO 3166-1 alpha-2, upper case, "" = not set
	Network           Network
	SSHKeys           []string // lines of authorized_keys, without options
	Update            Update
	Logging           Logging
	SupervisorImage   string // reference of a container image, "" = no supervisor
}

// Servers is the value of dnsServers and ntpServers.
type Servers struct {
	None  bool     // the owner wrote "null": add none, not even our own defaults
	Hosts []string // in the order of the file
}

// Network is os.network.
type Network struct {
	Connectivity         Connectivity
	RandomMACAddressScan *bool         // nil = NetworkManager's own default
	RollbackAfter        time.Duration // how long new connection files may cost the network
}

// Connectivity is how NetworkManager finds out whether the internet is there.
type Connectivity struct {
	URI      string        // http or https, "" = not set
	Interval time.Duration // between two checks, 0 = not set
	Response string        // what the body must begin with, "" = not set
}

// Update is where updates come from and when they may be applied.
type Update struct {
	URL     string  // http, https or file, "" = no updates
	Channel string  // "" = the repository's default
	Auto    bool    // apply without being asked
	Window  *Window // nil = at any time
}

// Window is a time of the day. It spans midnight if End is before Start.
type Window struct {
	Start, End time.Duration // since midnight, local time
}

// Logging holds the sizes of the journal in bytes.
type Logging struct {
	RuntimeMaxUse uint64 // in RAM
	SystemMaxUse  uint64 // on disk, 0 = journald's own default
}

// defaultRuntimeMaxUse is what the journal may take of a small device's RAM.
const defaultRuntimeMaxUse = 8 << 20

// defaultRollbackAfter is enough for Wi-Fi and DHCP, and little for a person who waits.
const defaultRollbackAfter = time.Minute

// Defaults returns the configuration of a device whose file is empty.
func Defaults() Config {
	return Config{Logging: Logging{RuntimeMaxUse: defaultRuntimeMaxUse}, Network: Network{RollbackAfter: defaultRollbackAfter}}
}
