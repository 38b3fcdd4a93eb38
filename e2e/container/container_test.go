//go:build container

package container_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/container"
)

// TestName boots with a name in config.json and changes it: everybody who knows
// the device's name says the new one.
func TestName(t *testing.T) {
	c := container.Start(t, container.Options{Boot: map[string][]byte{"config.json": []byte(`{"hostname":"kitchen"}`)}})
	awaitName(t, c, "kitchen")
	if err := os.WriteFile(filepath.Join(c.Boot, "config.json"), []byte(`{"hostname":"garage"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	awaitName(t, c, "garage")
}

// TestGarbage boots with a config.json that is none: nothing fails, and the fault is told.
func TestGarbage(t *testing.T) {
	c := container.Start(t, container.Options{Boot: map[string][]byte{"config.json": []byte("{\xff")}})
	problems := c.MustRun(t, "busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Service1 Problems")
	if strings.HasPrefix(problems, "a(ss) 0") {
		t.Error("the fault is not told")
	}
}

func awaitName(t *testing.T, c *container.Container, name string) {
	t.Helper()
	for command, want := range map[string]string{
		"cat /proc/sys/kernel/hostname": name,
		"hostnamectl hostname":          name,
		"busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Hostname1 Hostname": `s "` + name + `"`,
		"busctl call org.freedesktop.Avahi / org.freedesktop.Avahi.Server GetHostNameFqdn":             `s "` + name + `.local"`,
		"avahi-resolve -4n " + name + ".local | cut -f1":                                               name + ".local",
	} {
		got := ""
		for end := time.Now().Add(10 * time.Second); got != want && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			got, _ = c.Run(t.Context(), command) // compared below
		}
		if got != want {
			t.Errorf("%s says %q, want %q", command, got, want)
		}
	}
}
