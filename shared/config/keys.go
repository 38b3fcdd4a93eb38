package config

import "github.com/go-json-experiment/json/jsontext"

// A key is one row of the table that validation and the JSON Schema come from.
type key struct {
	pointer string
	about   string
	schema  schema
	// store puts raw into c. An error means that raw cannot be used at all;
	// problems are about elements that were left out of it.
	store func(c *Config, raw jsontext.Value) ([]Problem, error)
}

// keys returns every key that a host service reads, in the order of the schema.
// A key without a row here is somebody else's, and is never looked at.
func keys() []key {
	return []key{
		{
			"/hostname", "Name of the device: one RFC 1123 label. Default: the first 7 characters of uuid.",
			pattern(patternHostname), text(hostname, func(c *Config) *string { return &c.Hostname }),
		},
		{
			"/uuid", "Identity of the device: 32 hexadecimal digits. Made once if absent.",
			pattern(patternUUID), text(uuid, func(c *Config) *string { return &c.UUID }),
		},
		{
			"/persistentLogging", "Keep the journal over reboots. Default: false.",
			boolean(), flag(func(c *Config) *bool { return &c.PersistentLogging }),
		},
		{
			"/dnsServers", "Addresses of name servers, separated by spaces, used before those from DHCP; \"null\" adds none.",
			pattern(patternAddresses), servers(address, func(c *Config) *Servers { return &c.DNSServers }),
		},
		{
			"/ntpServers", "Addresses or names of time servers, separated by spaces; \"null\" uses only those from DHCP.",
			pattern(patternHosts), servers(host, func(c *Config) *Servers { return &c.NTPServers }),
		},
		{
			"/country", "Regulatory domain of Wi-Fi: ISO 3166-1 alpha-2.",
			pattern(patternCountry), text(country, func(c *Config) *string { return &c.Country }),
		},
		{
			"/os/network/connectivity/uri", "Where NetworkManager looks whether the internet is there.",
			pattern(patternWebURL), text(webURL, func(c *Config) *string { return &c.Network.Connectivity.URI }),
		},
		{
			"/os/network/connectivity/interval", "Seconds between two such looks.",
			integerOr(patternInterval, 1, maxInterval), interval,
		},
		{
			"/os/network/connectivity/response", "What the body of the answer begins with.",
			pattern(patternLine), text(line, func(c *Config) *string { return &c.Network.Connectivity.Response }),
		},
		{
			"/os/network/wifi/randomMacAddressScan", "Use random addresses while looking for Wi-Fi networks.",
			boolean(), randomMACAddressScan,
		},
		{
			"/os/network/rollbackAfter", "Seconds after which new connection files that cost the device its network are taken back. Default: 60.",
			integerOr(patternInterval, minRollback, maxRollback), rollbackAfter,
		},
		{
			"/os/sshKeys", "Public keys that may log in as root on port 22222; a bad one is left out.",
			listOf(patternSSHKey), sshKeys,
		},
		{
			"/os/update/url", "Repository that updates come from.",
			pattern(patternRepository), text(repository, func(c *Config) *string { return &c.Update.URL }),
		},
		{
			"/os/update/channel", "Line of releases to follow.",
			pattern(patternChannel), text(channel, func(c *Config) *string { return &c.Update.Channel }),
		},
		{
			"/os/update/auto", "Apply updates without being asked. Default: false.",
			boolean(), flag(func(c *Config) *bool { return &c.Update.Auto }),
		},
		{
			"/os/update/window", "Time of the day in which updates may be applied: HH:MM-HH:MM, local time.",
			pattern(patternWindow), window,
		},
		{
			"/os/logging/runtimeMaxUse", "Size of the journal in RAM: bytes, or digits with K, M, G or T. Default: 8M.",
			integerOr(patternSize, 1, maxInteger), size(func(c *Config) *uint64 { return &c.Logging.RuntimeMaxUse }),
		},
		{
			"/os/logging/systemMaxUse", "Size of the journal on disk: bytes, or digits with K, M, G or T.",
			integerOr(patternSize, 1, maxInteger), size(func(c *Config) *uint64 { return &c.Logging.SystemMaxUse }),
		},
		{
			"/supervisorImage", "Container image of the supervisor; absent = no supervisor.",
			pattern(patternImage), text(image, func(c *Config) *string { return &c.SupervisorImage }),
		},
		{
			"/developmentMode", "Not honoured: the variant is chosen when the image is built.",
			schema{never: true},
			developmentMode,
		},
	}
}
