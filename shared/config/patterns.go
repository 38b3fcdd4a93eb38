package config

// The patterns of the schema, each beside the function that decides.
// Wherever they differ the pattern is the wider one, because a regular
// expression cannot say what an IPv6 address or a valid key blob is.
const (
	maxInteger  = 1<<53 - 1 // what every JSON program can hold
	maxInterval = 7 * 24 * 60 * 60
	minRollback = 10
	maxRollback = 60 * 60

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
