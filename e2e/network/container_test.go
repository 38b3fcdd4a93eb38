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
	}{{"keys", keys}, {"names", names}, {"clock", clock}, {"files", files}, {"restarts", restarts}} {
		t.Run(part.name, func(t *testing.T) { part.tell(t, p) })
	}
}
