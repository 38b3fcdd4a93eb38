//go:build vm

package network

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// TestClock boots a device whose hardware clock has lost its battery: it says 2001 at
// every boot. The time is never before that of the image, comes from the servers that
// DHCP and config.json name, and is not lost by a reboot or a power cut.
func TestClock(t *testing.T) {
	namespace := device.Namespace(t)
	m := device.PowerOn(t, device.Options{
		Namespace: namespace, Args: []string{"-rtc", "base=2001-01-01T00:00:00"},
		Boot: map[string][]byte{"/config.json": []byte(`{"ntpServers":"null"}`), "/system-connections/cable": []byte(cable)},
	})
	m.Connect(t)
	p := at(m)
	built := seconds(t, p, "stat -c %Y /usr/lib/clock-epoch")
	notBefore(t, p, built)
	if now := seconds(t, p, "date +%s"); now > built+86400 {
		t.Fatalf("without a server the time is %d, the image's is %d: this is no test", now, built)
	}

	u := serve(t, namespace)
	u.ip(t, "address", "add", "10.88.0.4/32", "dev", "lo")
	p.awaitFor(t, 2*time.Minute, property("Network1", "NtpServers", ".data"), `["10.88.0.1"]`)
	right := func(t *testing.T) {
		t.Helper()
		p.awaitFor(t, 2*time.Minute, "date -u +%F", time.Now().UTC().Format("2006-01-02"))
	}
	right(t)
	if off := seconds(t, p, "date +%s") - time.Now().Unix(); off < -30 || off > 30 {
		t.Errorf("with a server the time is off by %d s", off)
	}
	p.run(t, edit(`.ntpServers="10.88.0.4"`))
	p.awaitFor(t, 2*time.Minute, "chronyc -c sources | awk -F, '$3==\"10.88.0.4\" && $6>0 {print \"answers\"}'", "answers")

	// From here on nobody tells the time, and the owner sets it.
	if err := m.PlugSecond(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	p.run(t, "systemctl stop chrony && timedatectl set-time '2001-01-02 00:00:00'") // the hardware clock's too
	set := time.Now().Add(48 * time.Hour).Unix()
	p.run(t, "date -s @"+strconv.FormatInt(set, 10)+" && systemctl start chrony")
	m.Reboot(t)
	if now := seconds(t, p, "date +%s"); now < set || now > set+3600 {
		t.Errorf("after a reboot the time is %d s beside what it was", now-set)
	}
	// Before chrony starts, which systemd calls time-set.target, it is the image's time.
	notBefore(t, p, built)

	if err := m.Reset(t.Context()); err != nil { // the power goes, and comes
		t.Fatal(err)
	}
	m.Connect(t)
	if now := seconds(t, p, "date +%s"); now < set {
		t.Errorf("after a power cut the time is %d s behind", set-now)
	}
}

func seconds(t *testing.T, p place, command string) int64 {
	t.Helper()
	out := p.run(t, command)
	n, err := strconv.ParseInt(out, 10, 64)
	if err != nil {
		t.Fatalf("%s prints %q", command, out)
	}
	return n
}

// notBefore holds that no line of the journal since the boot has an earlier time.
func notBefore(t *testing.T, p place, when int64) {
	t.Helper()
	first, _, _ := strings.Cut(p.run(t, "journalctl -b -o json --output-fields=MESSAGE | jq -r .__REALTIME_TIMESTAMP | sort -n | head -n 1"), "\n")
	if at, err := strconv.ParseInt(first, 10, 64); err != nil || at/1_000_000 < when {
		t.Errorf("the journal begins at %s, %d s is the earliest time there may be", first, when)
	}
}
