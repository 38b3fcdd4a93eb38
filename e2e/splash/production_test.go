//go:build vm

package splash

import (
	"image/color"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

const (
	bootTime = 4 * time.Minute
	// stays is how long a production device's screen is watched after the logo came.
	stays = 90 * time.Second
)

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
	for start := time.Now(); time.Since(start) < stays; time.Sleep(2 * time.Second) {
		onlyLogo(t, take(t, m), magenta)
	}
	if _, err := m.Execute(t.Context(), "system_powerdown", nil); err != nil {
		t.Fatal(err)
	}
	pictures := 0
	for start := time.Now(); ; {
		select {
		case <-m.Done():
			t.Logf("%d pictures of the shutdown", pictures)
			return
		default:
		}
		if time.Since(start) > 2*time.Minute {
			t.Fatal("the device does not power off")
		}
		if s, err := tryTake(t, m); err == nil { // fails as soon as it is off
			onlyLogo(t, s, magenta)
			pictures++
		}
	}
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
