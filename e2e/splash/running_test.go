//go:build vm

package splash

import (
	"encoding/base64"
	"fmt"
	"image/color"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestRunning starts the splash on a development device, as production's kernel
// arguments would, and changes the logo while it is shown. Before, the screen has messages
// and a prompt; after, an application draws.
func TestRunning(t *testing.T) {
	m := device.Start(t, device.Options{})
	if s := take(t, m); s.share(color.RGBA{0, 0, 0, 255}) < 80 || s.share(color.RGBA{0, 0, 0, 255}) == 100 {
		t.Errorf("no messages on a development device's screen: %v", s)
	}
	if state, _ := m.Try(t, "systemctl is-active getty@tty1"); state != "active" {
		t.Errorf("the prompt on tty1 is %s", state)
	}

	m.Run(t, "systemctl stop getty@tty1")
	m.Run(t, `mkdir -p /run/plymouth; plymouthd --mode=boot --pid-file=/run/plymouth/pid --tty=/dev/tty1 \
		--kernel-command-line="splash plymouth.ignore-serial-consoles plymouth.force-frame-buffer-on-boot" && plymouth show-splash`)
	isDefault := func(s screen) bool { return s.share(teal) > 3 && s.share(white) > 50 && s.share(magenta) == 0 }
	await(t, m, time.Minute, "the default logo", isDefault)

	put(t, m, "/mnt/boot/splash/resin-logo.png", logo(t, 200, 50, magenta))
	s := await(t, m, 20*time.Second, "a new file", func(s screen) bool { return s.share(magenta) > 10 })
	if box := s.box(magenta); box.Dx() != s.width || box.Dy() != s.width/4 || s.share(teal) > 0 {
		t.Errorf("a logo of 200 x 50 is at %v of %d x %d", box, s.width, s.height)
	}

	put(t, m, "/mnt/boot/splash/resin-logo.png", logo(t, 200, 50, magenta)[:50])
	await(t, m, 20*time.Second, "the default logo instead of a damaged one", isDefault)

	put(t, m, "/run/tiny.png", logo(t, 1, 1, green))
	m.Run(t, "busctl call io.resinos.Splash1 /io/resinos/Splash1 io.resinos.Splash1 SetLogo 'ha{sv}' 5 0 5</run/tiny.png")
	s = await(t, m, 20*time.Second, "a logo of one pixel", func(s screen) bool { return s.share(green) > 10 })
	if box := s.box(green); box.Dx() != s.height || box.Dy() != s.height {
		t.Errorf("a logo of one pixel is at %v of %d x %d", box, s.width, s.height)
	}

	application(t, m)
}

// application draws to the frame buffer, and nobody draws over it.
func application(t *testing.T, m *device.Machine) {
	grey := color.RGBA{0x55, 0x55, 0x55, 255}
	// Whole lines at a time, as programs draw: the kernel shows what it was told is new.
	m.Run(t, `IFS=, read -r width height </sys/class/graphics/fb0/virtual_size
		head -c $((width * height * 4)) /dev/zero | tr '\0' '\125' | dd of=/dev/fb0 bs=$((width * 4)) iflag=fullblock status=none`)
	await(t, m, 10*time.Second, "what an application drew", func(s screen) bool { return s.share(grey) == 100 })
	for range 5 {
		time.Sleep(time.Second)
		if s := take(t, m); s.share(grey) != 100 {
			t.Fatalf("something was drawn over an application: %v", s)
		}
	}
}

func put(t *testing.T, m *device.Machine, path string, data []byte) {
	t.Helper()
	m.Run(t, fmt.Sprintf("echo %s | base64 -d >%s", strings.TrimSpace(base64.StdEncoding.EncodeToString(data)), path))
}
