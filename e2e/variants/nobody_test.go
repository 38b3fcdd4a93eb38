//go:build container

package variants

import (
	"fmt"
	"strings"
	"testing"

	"resinos.io/e2e/container"
)

const asNobody = "setpriv --reuid 65534 --regid 65534 --clear-groups busctl "

// TestNobody tries, as an ordinary uid, every method of every interface of ours,
// every property, and every name: it can read, and nothing more.
func TestNobody(t *testing.T) {
	c := container.Start(t, container.Options{Variant: "production"})
	denied := func(t *testing.T, command string) {
		t.Helper()
		out, err := c.Run(t.Context(), "LC_ALL=C "+asNobody+command)
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "access denied") &&
			!strings.Contains(err.Error(), "not allowed") && !strings.Contains(err.Error(), "rejected") {
			t.Errorf("busctl %s is not denied: %q, %v", command, out, err)
		}
	}
	for _, d := range daemons(t) {
		t.Run(d.name, func(t *testing.T) {
			tried := 0
			for face, path := range map[string]string{
				d.name: d.path(), "io.resinos.Service1": d.path(), "org.freedesktop.LogControl1": "/org/freedesktop/LogControl1",
			} {
				contract := contractOf(t, face)
				for _, method := range contract.Methods {
					tried++
					denied(t, fmt.Sprintf("call %s %s %s %s", d.name, path, face, method.Name))
				}
				for _, property := range contract.Properties {
					tried++
					at := fmt.Sprintf("%s %s %s %s", d.name, path, face, property.Name)
					c.MustRun(t, asNobody+"get-property "+at)
					denied(t, "set-property "+at+" s x")
				}
			}
			t.Logf("%d methods and properties tried", tried)
			denied(t, "call org.freedesktop.DBus / org.freedesktop.DBus RequestName su "+d.name+" 0")
			c.MustRun(t, asNobody+"introspect "+d.name+" "+d.path())
		})
	}
}
