//go:build container

package container_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
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
	// As Avahi does it when it thinks that another host has the name, and none has.
	c.MustRun(t, "avahi-set-host-name garage-2")
	awaitName(t, c, "garage")
}

// TestBadFileAtBoot boots with every kind of config.json that is none: the device
// runs, has a name of its own, no unit has failed, and the fault is told.
func TestBadFileAtBoot(t *testing.T) {
	const self = "busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos."
	forms := map[string]map[string][]byte{
		"absent":      {"config.json": nil},
		"empty":       {"config.json": {}},
		"half":        {"config.json": []byte(`{"hostname":"kitchen","uuid":"0123`)},
		"not UTF-8":   {"config.json": []byte("{\"hostname\":\"k\xff\"}")},
		"twice":       {"config.json": []byte(`{"hostname":"kitchen","hostname":"garage"}`)},
		"deep":        {"config.json": bytes.Repeat([]byte("["), 100_000)},
		"10 MB":       {"config.json": bytes.Repeat([]byte("\x00\xa5 x"), 10<<20/4)},
		"a directory": {"config.json": nil, "config.json/in": []byte("it")},
	}
	for name, boot := range forms {
		t.Run(name, func(t *testing.T) {
			c := container.Start(t, container.Options{Boot: boot})
			if failed := c.MustRun(t, "systemctl --failed --plain --no-legend"); failed != "" {
				t.Errorf("failed units:\n%s", failed)
			}
			if kernel := c.MustRun(t, "cat /proc/sys/kernel/hostname"); !regexp.MustCompile("^[0-9a-f]{7}$").MatchString(kernel) {
				t.Errorf("the name is %q, not a short uuid", kernel)
			}
			told := !strings.HasPrefix(c.MustRun(t, self+"Service1 Problems"), "a(ss) 0")
			if absent := name == "absent"; told == absent { // a file that is not there is made
				t.Errorf("a fault is told: %v", told)
			}
		})
	}
}

// awaitName waits ten seconds, and for Avahi the time that hostnamed-bridge promises
// when it sees a collision.
func awaitName(t *testing.T, c *container.Container, name string) {
	t.Helper()
	for command, want := range map[string]string{
		"cat /proc/sys/kernel/hostname": name,
		"hostnamectl hostname":          name,
		"busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Hostname1 Hostname": `s "` + name + `"`,
		"busctl call org.freedesktop.Avahi / org.freedesktop.Avahi.Server GetHostNameFqdn":             `s "` + name + `.local"`,
		"avahi-resolve -4n " + name + ".local | cut -f1":                                               name + ".local",
	} {
		got, limit := "", 10*time.Second
		if strings.Contains(strings.ToLower(command), "avahi") {
			limit = 90 * time.Second
		}
		for end := time.Now().Add(limit); got != want && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			got, _ = c.Run(t.Context(), command) // compared below
		}
		if got != want {
			t.Errorf("%s says %q, want %q", command, got, want)
		}
	}
}
