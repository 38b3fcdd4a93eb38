//go:build container

package network

import (
	"testing"

	"resinos.io/e2e/container"
)

// TestContainer tells the whole story but for what needs a kernel of its own.
func TestContainer(t *testing.T) {
	c := container.Start(t, container.Options{Boot: map[string][]byte{"config.json": []byte("{}")}})
	p := place{try: func(t *testing.T, command string) (string, error) {
		t.Helper()
		return c.Run(t.Context(), command)
	}}
	p.run(t, lan)
	for _, part := range []struct {
		name string
		tell func(*testing.T, place)
	}{{"keys", keys}, {"daemons", measured}, {"names", names}, {"clock", clock}, {"files", files}, {"restarts", restarts}} {
		t.Run(part.name, func(t *testing.T) { part.tell(t, p) })
	}
	if out := p.run(t, "journalctl -u dnsmasq -o cat | grep 'failed to' || true"); out != "" {
		t.Errorf("after all that dnsmasq says\n%s", out)
	}
}

// measured is daemons without the emulation, and leaves config.json as it was.
func measured(t *testing.T, p place) {
	p.await(t, servers("DnsServers"), `["10.88.0.1"]`)
	daemons(t, p)
	p.run(t, edit(`del(.dnsServers, .ntpServers, .country, .os)`))
}
