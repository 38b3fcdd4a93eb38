package host_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"resinos.io/image/supervisor/internal/host"
	"resinos.io/proto/hostname1"
	"resinos.io/shared/bus"
	"resinos.io/shared/bustest"
)

var errAny = errors.New("any")

// serveHostname serves the contract of Hostname1 with fixed values.
func serveHostname(t *testing.T, address string, set func(name string) error) {
	t.Helper()
	tree := bus.NewTree(slog.New(slog.DiscardHandler))
	conn, err := bus.Connect(address, tree)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	object, err := bus.NewObject(bus.Interface{
		Contract: hostname1.Contract(),
		Methods: bus.Methods{hostname1.MethodSetHostname: func(_ context.Context, name string, _ map[string]dbus.Variant) error {
			return set(name)
		}},
		Values: map[string]any{
			hostname1.PropertyHostname: "kitchen", hostname1.PropertyDesiredHostname: "kitchen", hostname1.PropertySource: "config",
			hostname1.PropertyMdnsName: "kitchen", hostname1.PropertyMdnsState: "running", hostname1.PropertyUuid: "0123",
		},
		Errors: []bus.ErrorName{
			{Is: errAny, Name: hostname1.ErrorInvalidHostname},
			{Is: errAny, Name: hostname1.ErrorConfigUnreadable},
			{Is: errAny, Name: hostname1.ErrorConfigNotWritten},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Add(hostname1.Path, object); err != nil {
		t.Fatal(err)
	}
	if err := bus.Own(t.Context(), conn, hostname1.BusName); err != nil {
		t.Fatal(err)
	}
}

// TestHost: on a bus with one of the services, its part is told and the others'
// is empty; what is asked of an absent one is an error.
func TestHost(t *testing.T) {
	b := bustest.Start(t)
	named := make(chan string, 1)
	serveHostname(t, b.Address, func(name string) error { named <- name; return nil })
	held := ""
	h := host.Host{Conn: b.Connect(t), Held: func() (string, error) { return held, nil }}
	d := h.Describe(t.Context())
	if d.Name != "kitchen" || d.UUID != "0123" || d.OSVersion != "" || d.Update != nil {
		t.Errorf("%+v", d)
	}
	if err := h.SetHostname(t.Context(), "garage"); err != nil {
		t.Fatal(err)
	}
	if name := <-named; name != "garage" {
		t.Errorf("named %q", name)
	}
	for what, err := range map[string]error{
		"reboot": h.Reboot(t.Context(), true), "shutdown": h.Shutdown(t.Context(), false), "purge": h.Purge(t.Context(), "all"),
	} {
		if err == nil {
			t.Errorf("%s on a bus without that service is no error", what)
		}
	}
	held = "/locks/a"
	if err := h.Shutdown(t.Context(), false); !errors.Is(err, host.ErrLocked) || !strings.Contains(err.Error(), held) {
		t.Errorf("shutdown with an update lock: %v", err)
	}
	if err := h.Shutdown(t.Context(), true); err == nil || errors.Is(err, host.ErrLocked) {
		t.Errorf("shutdown with force: %v", err)
	}
	if _, err := h.Update(t.Context()); err == nil {
		t.Error("an update without an updater is no error")
	}
}
