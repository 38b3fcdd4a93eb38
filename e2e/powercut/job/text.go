package job

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The keys that an edit sets. All others in Text are unknown to everybody and
// must survive byte for byte.
const (
	Generation = "/generation"
	Payload    = "/payload"
)

// What the edit after a recovery writes.
const (
	AfterRecovery     = 9999
	AfterRecoverySize = 5000
)

// Text returns the configuration file of a generation with a payload of size
// bytes, written by hand and not by any code under test: odd spacing, escapes
// and numbers stay as an owner or another program has written them.
func Text(generation, size int) string {
	return fmt.Sprintf(`{
  "hostname": "device-1" ,
  "generation": %d,
	"x-other":{"token" : "a\u00e9\/b", "n":1.50E+2,"list":[ 1,2 ,3],
      "empty": { } },
  "payload": "%s",

  "persistentLogging": false
}
`, generation, Filling(generation, size))
}

// Filling returns the payload of a generation: letters that no other
// generation has in the same places.
func Filling(generation, size int) string {
	random := rand.New(rand.NewPCG(uint64(generation), uint64(size))) //nolint:gosec // the same on both sides
	var text strings.Builder
	for range size {
		text.WriteByte("abcdefghijklmnopqrstuvwxyzABCDEF"[random.Uint32()&31])
	}
	return text.String()
}
