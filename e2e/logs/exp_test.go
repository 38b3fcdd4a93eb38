//go:build container

package logs

import (
	"testing"
	"os"
	"resinos.io/e2e/container"
)

func TestExp(t *testing.T) {
	c := container.Start(t, container.Options{})
	script, _ := os.ReadFile("/tmp/exp.sh")
	out, err := c.Run(t.Context(), string(script))
	t.Log(out, err)
}
