package container

import "testing"

// Restart powers the container off, calls between, and boots it again from the
// same partitions. between may be nil.
func (c *Container) Restart(t testing.TB, between func()) {
	t.Helper()
	c.end()
	if between != nil {
		between()
	}
	if err := c.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.waitRunning(t.Context()); err != nil {
		t.Fatal(err)
	}
}
