//go:build vm

package network

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

// home is the owner's file for a Wi-Fi network, in NetworkManager's short names.
func home(ssid, psk string) string {
	return fmt.Sprintf("[connection]\ntype=wifi\n[wifi]\nssid=%s\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=%s\n[ipv6]\nmethod=disabled\n", ssid, psk)
}

// radios plugs two radios of the kernel's own in that hear each other, one for the
// device, one for an access point in a network namespace.
const radios = `set -e
modprobe mac80211_hwsim radios=2
until [ -e /sys/class/net/wlan1 ]; do sleep 0.1; done
until nmcli device set wlan1 managed no 2>/dev/null; do sleep 0.2; done
ip netns add ap
iw phy "$(cat /sys/class/net/wlan1/phy80211/name)" set netns name ap
printf '%s\n' interface=wlan1 driver=nl80211 ssid=Home hw_mode=g channel=1 wpa=2 wpa_key_mgmt=WPA-PSK rsn_pairwise=CCMP 'wpa_passphrase=correct horse' > /tmp/hostapd.conf
in_ap() { unit=$1; shift; systemd-run -q --unit=$unit -p NetworkNamespacePath=/run/netns/ap "$@"; }
in_ap ap-radio /tmp/hostapd /tmp/hostapd.conf
ip -n ap address add 10.87.0.1/24 dev wlan1
in_ap ap-dhcp dnsmasq -k --conf-file=/dev/null --interface=wlan1 --except-interface=lo --bind-dynamic --no-resolv --no-hosts \
  --dhcp-range=10.87.0.50,10.87.0.99,255.255.255.0,2m --dhcp-option=option:router --dhcp-leasefile=/tmp/ap-leases --user=root --pid-file=`

// hostapd returns Debian's access point. It is in no image, and runs with the libraries
// that wpa_supplicant has there.
func hostapd(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	get := exec.CommandContext(t.Context(), "sh", "-c", "apt-get download hostapd && dpkg-deb -x hostapd_*.deb .")
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		t.Fatalf("no hostapd from this machine's Debian mirror: %v: %s", err, out)
	}
	program, err := os.ReadFile(filepath.Join(dir, "usr/sbin/hostapd"))
	if err != nil {
		t.Fatal(err)
	}
	return program
}

const (
	onAir   = "nmcli -g GENERAL.CONNECTION device show wlan0"
	airIP   = "ip -4 -o address show wlan0 | awk '{print $4}' | cut -d. -f1-3"
	country = "iw reg get | sed -n 's/^country \\(..\\):.*/\\1/p' | head -n 1"
	// address says whether the radio has its own address, or one that was made up.
	address = `path=$(nmcli -g GENERAL.DBUS-PATH device show wlan0); get() { busctl -j get-property org.freedesktop.NetworkManager $path org.freedesktop.NetworkManager.$1 | jq -r .data; }
		[ "$(get 'Device HwAddress')" = "$(get 'Device.Wireless PermHwAddress')" ] && echo own || echo "made up"`
)

// TestWiFi drops a file for a Wi-Fi network before there is a radio, plugs one in, and
// goes through the keys that are for radios.
func TestWiFi(t *testing.T) {
	m := device.Start(t, device.Options{Running: true})
	p := at(m)
	m.Put(t, "/tmp/hostapd", bytes.NewReader(hostapd(t)))
	p.run(t, "chmod +x /tmp/hostapd")
	p.seed(t, "home.txt", home("Home", "correct horse"))
	p.run(t, edit(`.country="de" | .os.network={"rollbackAfter":30,"wifi":{"randomMacAddressScan":false}}`))
	p.await(t, state("home.txt"), `"applied"`)
	p.await(t, property("Service1", "Problems", ".data"), "[]")

	p.run(t, radios)
	p.awaitFor(t, 3*time.Minute, onAir, "home")
	p.awaitFor(t, time.Minute, airIP, "10.87.0")
	p.await(t, country, "DE")

	t.Run("a wrong password", func(t *testing.T) {
		p.seed(t, "home.txt", home("Home", "battery staple"))
		p.awaitFor(t, 3*time.Minute, state("home.txt"), `"invalid"`)
		p.await(t, problem("system-connections/home.txt", "less network"), "true")
		p.awaitFor(t, 2*time.Minute, airIP, "10.87.0")
		p.await(t, "nmcli -s -g 802-11-wireless-security.psk connection show home", "correct horse")
		p.seed(t, "home.txt", home("Home", "correct horse"))
		p.awaitFor(t, time.Minute, state("home.txt"), `"applied"`)
	})
	t.Run("another network", func(t *testing.T) {
		p.seed(t, "away", home("Away", "not in reach"))
		p.await(t, state("away"), `"applied"`)
		p.await(t, onAir, "home")
	})
	t.Run("country", func(t *testing.T) {
		p.timed(t, "country changed", `.country="FR"`, country, "FR")
		p.timed(t, "country wrong", `.country="France"`, problem("/country", ""), "true")
		p.await(t, country, "FR")
		p.timed(t, "country removed", `del(.country)`, country, "00")
	})
	t.Run("address when it looks around", func(t *testing.T) {
		p.run(t, "nmcli device disconnect wlan0")
		look := "nmcli device wifi rescan 2>/dev/null; sleep 1; " + address
		p.awaitFor(t, time.Minute, look, "own")
		p.run(t, edit(`.os.network.wifi.randomMacAddressScan=true`))
		p.awaitFor(t, time.Minute, look, "made up")
		p.run(t, edit(`.os.network.wifi.randomMacAddressScan=false`))
		p.run(t, "nmcli connection up home && nmcli device disconnect wlan0") // a made-up one lasts until then
		p.awaitFor(t, time.Minute, look, "own")
	})
	t.Run("removed", func(t *testing.T) {
		p.run(t, "nmcli connection up home; rm /mnt/boot/system-connections/*")
		p.awaitFor(t, time.Minute, property("Network1", "Seeds", ".data"), "[]")
		p.await(t, onAir, "")
		p.await(t, "nmcli -g NAME connection show | grep -cxE 'home|away' || true", "0")
	})
}
