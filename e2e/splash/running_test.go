//go:build vm

package splash

import (
	"bytes"
	"image/color"
	"testing"
	"time"

	"resinos.io/e2e/device"
	"resinos.io/e2e/program"
)

var (
	black = color.RGBA{0, 0, 0, 255}
	grey  = color.RGBA{0x55, 0x55, 0x55, 255}
	blue  = color.RGBA{0x10, 0x20, 0xc0, 255}
)

const (
	soon       = 20 * time.Second
	logoOnBoot = "/mnt/boot/splash/resin-logo.png"
	setLogo    = "busctl call io.resinos.Splash1 /io/resinos/Splash1 io.resinos.Splash1 SetLogo 'ha{sv}' 5 0 5<"
)

// TestMessages: on a development device the screen has messages and a prompt.
func TestMessages(t *testing.T) {
	m := device.Start(t, device.Options{})
	if s := take(t, m); s.share(black) < 80 || s.share(black) == 100 {
		t.Errorf("no messages on a development device's screen: %v", s)
	}
	if state, _ := m.Try(t, "systemctl is-active getty@tty1"); state != "active" {
		t.Errorf("the prompt on tty1 is %s", state)
	}
}

// TestRunning changes the logo of a production device that has booted, and has
// applications draw.
func TestRunning(t *testing.T) {
	m := device.Start(t, device.Options{Variant: "production"})
	isDefault := func(s screen) bool { return s.share(teal) > 3 && s.share(white) > 50 && s.share(magenta) == 0 }
	await(t, m, soon, "the default logo", isDefault)
	m.Await(t, time.Minute, "systemctl is-active splash-handover", "active")
	if out, err := m.Try(t, "plymouth --ping"); err == nil {
		t.Errorf("Plymouth still runs: %s", out)
	}
	await(t, m, 0, "the default logo, after Plymouth", isDefault)

	put(t, m, logoOnBoot, logo(t, 200, 50, magenta))
	s := await(t, m, soon, "a new file", func(s screen) bool { return s.share(magenta) > 10 })
	if box := s.box(magenta); box.Dx() != s.width || box.Dy() != s.width/4 || s.share(teal) > 0 {
		t.Errorf("a logo of 200 x 50 is at %v of %d x %d", box, s.width, s.height)
	}

	put(t, m, logoOnBoot, logo(t, 200, 50, magenta)[:50])
	await(t, m, soon, "the default logo instead of a damaged one", isDefault)

	put(t, m, "/run/logo.png", logo(t, 1, 1, green))
	m.Run(t, setLogo+"/run/logo.png")
	s = await(t, m, soon, "a logo of one pixel", func(s screen) bool { return s.share(green) > 10 })
	if box := s.box(green); box.Dx() != s.height || box.Dy() != s.height {
		t.Errorf("a logo of one pixel is at %v of %d x %d", box, s.width, s.height)
	}
	overDRM(t, m)
	overFrameBuffer(t, m)
}

// overDRM has an application take the screen and end.
func overDRM(t *testing.T, m *device.Machine) {
	put(t, m, "/mnt/data/drawer", program.Build(t, "./drawer"))
	m.Run(t, "chmod +x /mnt/data/drawer; systemd-run --quiet --unit=drawer /mnt/data/drawer 1020c0")
	onlyBlue := func(s screen) bool { return s.share(blue) == 100 }
	await(t, m, soon, "what an application drew through DRM", onlyBlue)
	put(t, m, "/run/logo.png", logo(t, 3, 3, magenta))
	m.Run(t, setLogo+"/run/logo.png")
	stays(t, m, 5*time.Second, "a new logo is drawn over an application that has the card", onlyBlue)
	m.Run(t, "systemctl stop drawer")
	put(t, m, "/run/logo.png", logo(t, 4, 4, green))
	m.Run(t, setLogo+"/run/logo.png")
	await(t, m, soon, "a new logo when the application has ended", func(s screen) bool { return s.share(green) > 10 && s.share(blue) == 0 })
}

// overFrameBuffer has an application draw to the frame buffer; nobody draws over it.
func overFrameBuffer(t *testing.T, m *device.Machine) {
	// Many lines at a time: of a write of one whole line the kernel thinks that nothing is new.
	m.Run(t, `IFS=, read -r width height </sys/class/graphics/fb0/virtual_size
		head -c $((width * height * 4)) /dev/zero | tr '\0' '\125' >/run/picture; cat /run/picture >/dev/fb0`)
	onlyGrey := func(s screen) bool { return s.share(grey) == 100 }
	await(t, m, soon, "what an application drew", onlyGrey)
	m.Run(t, setLogo+"/run/logo.png")
	put(t, m, logoOnBoot, logo(t, 4, 4, magenta))
	m.Run(t, "systemctl restart splash-setter")
	stays(t, m, 5*time.Second, "a new logo is drawn over an application", onlyGrey)
}

// stays holds that the screen is right for as long as that.
func stays(t *testing.T, m *device.Machine, long time.Duration, wrong string, right func(screen) bool) {
	t.Helper()
	for start := time.Now(); time.Since(start) < long; time.Sleep(time.Second) {
		if s := take(t, m); !right(s) {
			t.Fatalf("%s: %v", wrong, s)
		}
	}
}

func put(t *testing.T, m *device.Machine, path string, data []byte) {
	t.Helper()
	m.Put(t, path, bytes.NewReader(data))
}
