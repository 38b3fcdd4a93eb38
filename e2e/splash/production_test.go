//go:build vm

package splash

import (
	"image/color"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

const bootTime = 4 * time.Minute

// watched is how long a production device's screen is watched after the logo came.
func watched() time.Duration {
	if testing.Short() {
		return 90 * time.Second
	}
	return 10 * time.Minute
}

// TestCustomInProduction: a portrait logo is scaled to the screen with its
// proportions, nothing else is ever drawn, up to the end of the shutdown.
func TestCustomInProduction(t *testing.T) {
	m := device.PowerOn(t, device.Options{Variant: "production", Boot: map[string][]byte{
		"/splash/resin-logo.png": logo(t, 30, 60, magenta),
	}})
	shown := func(s screen) bool { return s.share(magenta) > 10 }
	s := await(t, m, bootTime, "the custom logo", shown)
	box := s.box(magenta)
	if box.Dy() != s.height || box.Dx() != s.height/2 || box.Min.X != (s.width-box.Dx())/2 {
		t.Errorf("a logo of 30 x 60 is at %v of %d x %d", box, s.width, s.height)
	}
	for start := time.Now(); time.Since(start) < watched(); time.Sleep(2 * time.Second) {
		onlyLogo(t, take(t, m), magenta)
	}
	if _, err := m.Execute(t.Context(), "system_powerdown", nil); err != nil {
		t.Fatal(err)
	}
	shutdown(t, m)
}

// shutdown watches the screen until the device is off. The kernel turns the display
// off last of all; until then, the logo is all there is.
func shutdown(t *testing.T, m *device.Machine) {
	t.Helper()
	start := time.Now()
	logoUntil, dark := time.Duration(0), 0
	for time.Since(start) < 3*time.Minute {
		select {
		case <-m.Done():
			t.Logf("off after %v, with the logo until %v; %d dark pictures after it", time.Since(start), logoUntil, dark)
			if logoUntil < time.Since(start)/2 {
				t.Error("the logo is not there for most of the shutdown")
			}
			return
		default:
		}
		s, err := tryTake(t, m)
		if err != nil {
			continue // it is off
		}
		if s.share(color.RGBA{0, 0, 0, 255}) == 100 {
			dark++
			continue
		}
		if dark > 0 {
			t.Errorf("after a dark screen: %v", s)
		}
		onlyLogo(t, s, magenta)
		logoUntil = time.Since(start)
	}
	t.Fatal("the device does not power off")
}

// TestCorruptInProduction: a logo that is none leaves the default one.
func TestCorruptInProduction(t *testing.T) {
	m := device.PowerOn(t, device.Options{Variant: "production", Boot: map[string][]byte{
		"/splash/resin-logo.png": logo(t, 500, 400, magenta)[:60],
	}})
	s := await(t, m, bootTime, "the default logo", func(s screen) bool { return s.share(teal) > 3 })
	if s.share(white) < 50 || s.share(magenta) > 0 {
		t.Errorf("not the default logo on white: %v", s)
	}
}

// onlyLogo holds that the screen has the logo's colour and the background's alone.
func onlyLogo(t *testing.T, s screen, c color.RGBA) {
	t.Helper()
	for y := range s.height {
		for x := range s.width {
			if at := s.at(x, y); !near(at, c) && !near(at, white) {
				t.Fatalf("something else is on the screen, %v at %d,%d: %v", at, x, y, s)
			}
		}
	}
}
