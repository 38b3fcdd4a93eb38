package container

import (
	"syscall"
	"testing"
	"time"
)

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

// PowerCycle is Restart without the powering off: every process of the container
// ends at once. What they wrote to the partitions is not lost, unlike on a device.
func (c *Container) PowerCycle(t testing.TB, between func()) {
	t.Helper()
	_ = syscall.Kill(c.leader, syscall.SIGKILL) // fails if it has ended
	select {
	case <-c.done:
	case <-time.After(endTime):
	}
	c.Restart(t, between)
}
