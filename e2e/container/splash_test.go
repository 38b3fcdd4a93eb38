//go:build container

package container_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/e2e/container"
)

const splashProperty = "busctl get-property io.resinos.Splash1 /io/resinos/Splash1 io.resinos.Splash1 "

// TestSplash goes through a logo's life on the real bus: there at boot, replaced,
// damaged, set by a client, refused, reset.
func TestSplash(t *testing.T) {
	c := container.Start(t, container.Options{Boot: map[string][]byte{"splash/resin-logo.png": testLogo(t, 30, 40)}})
	file := filepath.Join(c.Boot, "splash/resin-logo.png")
	awaitOutput(t, c, splashProperty+"Source Width Height Problem", "s \"custom\"\nu 30\nu 40\ns \"\"")
	if kind := c.MustRun(t, "stat -c '%U %a' /run/resin-splash/logo.png"); kind != "root 644" {
		t.Errorf("Plymouth's copy is %s", kind)
	}

	if err := os.WriteFile(file, testLogo(t, 50, 60), 0o600); err != nil {
		t.Fatal(err)
	}
	awaitOutput(t, c, splashProperty+"Width", "u 50")
	if err := os.WriteFile(file, testLogo(t, 50, 60)[:40], 0o600); err != nil {
		t.Fatal(err)
	}
	awaitOutput(t, c, splashProperty+"Source", `s "default"`)
	awaitOutput(t, c, "busctl get-property io.resinos.Splash1 /io/resinos/Splash1 io.resinos.Service1 State", `s "degraded"`)

	put := filepath.Join(c.Boot, "new.png")
	if err := os.WriteFile(put, testLogo(t, 70, 80), 0o600); err != nil {
		t.Fatal(err)
	}
	const call = "busctl call io.resinos.Splash1 /io/resinos/Splash1 io.resinos.Splash1 "
	c.MustRun(t, call+"SetLogo 'ha{sv}' 5 0 5</mnt/boot/new.png")
	awaitOutput(t, c, splashProperty+"Source Width", "s \"custom\"\nu 70")
	if out, err := c.Run(t.Context(), call+"SetLogo 'ha{sv}' 5 0 5</etc/os-release"); err == nil {
		t.Errorf("a text is a logo: %s", out)
	}
	if out, err := c.Run(t.Context(), "setpriv --reuid=65534 --clear-groups "+call+"ResetLogo"); err == nil {
		t.Errorf("nobody may reset the logo: %s", out)
	}
	awaitOutput(t, c, splashProperty+"Width", "u 70")
	c.MustRun(t, call+"ResetLogo")
	awaitOutput(t, c, splashProperty+"Source", `s "default"`)
	if _, err := os.Stat(file); err == nil {
		t.Error("the logo is still on the boot partition")
	}
	if open := c.MustRun(t, "ls -l /proc/$(systemctl show -P MainPID splash-setter)/fd | grep -c png || true"); open != "0" {
		t.Errorf("%s descriptors of logos are open", open)
	}
}

func testLogo(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// awaitOutput runs command until it prints want.
func awaitOutput(t *testing.T, c *container.Container, command, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(15 * time.Second); got != want && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		got, _ = c.Run(t.Context(), command) // compared below
	}
	if got != want {
		t.Fatalf("%s says %q, want %q", command, got, want)
	}
}
