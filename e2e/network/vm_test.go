//go:build vm

package network

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
)

const (
	// cable is for the device's second network card alone.
	cable = "[connection]\ntype=ethernet\n[ethernet]\nmac-address=52:54:00:12:34:99\n[ipv4]\nmethod=auto\nroute-metric=50\n[ipv6]\nmethod=disabled\n"
	phone = "[connection]\ntype=gsm\n[gsm]\napn=internet.example\nusername=me\npassword=secret\n[ipv4]\nmethod=auto\n"
	// second prints the card's interface.
	second = "ip -o link | sed -n 's/^[0-9]*: \\([^:]*\\):.*52:54:00:12:34:99.*/\\1/p'"
	onCard = "nmcli -g GENERAL.CONNECTION device show $(" + second + ")"
	cardIP = "ip -4 -o address show $(" + second + ") | awk '{print $4}'"

	before = `{"dnsServers":"10.88.0.2","ntpServers":"null","theirs":{"b":1,"a":2},
		"os":{"network":{"rollbackAfter":20,"connectivity":{"uri":"http://10.88.0.1/online","response":"this is the internet","interval":60}}}}`
)

// at makes the machine a place of the story.
func at(m *device.Machine) place {
	return place{try: func(t *testing.T, command string) (string, error) {
		t.Helper()
		return m.Try(t, command)
	}}
}

// TestDevice prepares a device as an owner does, with the card in a PC, boots it at a
// network, and goes through what happens to it there until after a reboot.
func TestDevice(t *testing.T) {
	namespace := device.Namespace(t)
	m := device.PowerOn(t, device.Options{Namespace: namespace, Boot: map[string][]byte{
		"/config.json":                     []byte(before),
		"/system-connections/cable":        []byte(strings.ReplaceAll(cable, "\n", "\r\n")),
		"/system-connections/phone.txt":    []byte(phone),
		"/system-connections/broken":       []byte("junk\n"),
		"/system-connections/later.ignore": []byte(cable),
	}})
	u := serve(t, namespace)
	m.Connect(t)
	p := at(m)
	for _, part := range []struct {
		name string
		tell func(*testing.T, place)
	}{
		{"first boot", firstBoot},
		{"modem", modem},
		{"keys", daemons},
		{"internet", internet},
		{"dead upstream", func(t *testing.T, p place) { deadUpstream(t, p, u) }},
		{"dropped", dropped},
		{"reboot", func(t *testing.T, p place) {
			m.Reboot(t)
			afterReboot(t, p)
		}},
	} {
		t.Run(part.name, func(t *testing.T) { part.tell(t, p) })
	}
}

// firstBoot finds what was on the boot partition in force, and nothing failed.
func firstBoot(t *testing.T, p place) {
	p.await(t, onCard, "cable")
	p.await(t, cardIP+" | grep -c '^10.88.0.[5-9]'", "1")
	p.await(t, property("Network1", "Seeds", "[.data[] | [.[0],.[2]]]"), `[["broken","invalid"],["cable","applied"],["phone.txt","applied"]]`)
	p.await(t, problem("system-connections/broken", "line 1"), "true")
	p.await(t, servers("DnsServers"), `["10.88.0.2","10.88.0.1"]`)
	p.await(t, property("Network1", "NtpServers", ".data"), `["10.88.0.1"]`)
	p.await(t, property("Network1", "Connectivity", ".data"), `"full"`)
	p.await(t, "getent hosts owner.test dhcp.test | cut -d' ' -f1 | tr '\\n' ' '", "192.0.2.2 192.0.2.1")
	p.await(t, "systemctl --failed --plain --no-legend", "")
	if out := p.run(t, "stat -c '%U %a' /etc/NetworkManager/system-connections/*.nmconnection | sort -u; findmnt -no FSROOT /etc/NetworkManager/system-connections"); !strings.HasPrefix(out, "root 600\n") || !strings.Contains(out, "root-overlay") {
		t.Errorf("the files are %s", out)
	}
}

// modem goes as far as a machine without one goes: the connection is there, as the owner
// wrote it, ModemManager answers and has no modem, and NetworkManager is not troubled.
func modem(t *testing.T, p place) {
	p.await(t, "nmcli -s -g connection.type,gsm.apn,gsm.username,gsm.password connection show phone | tr '\\n' ' '", "gsm internet.example me secret")
	p.await(t, "systemctl is-active ModemManager", "active")
	p.await(t, "mmcli -L", "No modems were found")
	p.await(t, "nmcli -g WWAN,WWAN-HW radio", "enabled:missing")
	if out, err := p.try(t, "nmcli connection up phone"); err == nil || !strings.Contains(fmt.Sprint(out, err), "No suitable device") {
		t.Errorf("without a modem: %s, %v", out, err)
	}
}

const checks = "busctl -j get-property org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager Connectivity | jq -r .data"

// internet has NetworkManager look for the internet, and not find it.
func internet(t *testing.T, p place) {
	p.run(t, edit(`.os.network.connectivity.uri="http://10.88.0.1/login"`)) // a page that asks for money
	p.await(t, checks, "2")
	p.await(t, property("Network1", "Connectivity", ".data"), `"portal"`)
	p.run(t, edit(`.os.network.connectivity.uri="http://10.88.0.1/online" | .dnsServers="10.88.0.2"`))
	p.await(t, checks, "4")
	p.await(t, property("Network1", "Connectivity", ".data"), `"full"`)
}

// deadUpstream has one server that never answers and one that dies.
func deadUpstream(t *testing.T, p place, u *uplink) {
	p.run(t, edit(`.dnsServers="10.88.0.3 10.88.0.2"`))
	p.await(t, asks, "10.88.0.1 10.88.0.2 10.88.0.3")
	p.run(t, "getent hosts one.dhcp.test")
	end(u.owner)
	began := time.Now()
	p.run(t, "getent hosts two.dhcp.test && getent hosts three.dhcp.test")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("with two dead servers of three, two names took %v", took)
	}
	p.run(t, edit(`.dnsServers="10.88.0.2"`))
}

// dropped has files come while the device runs: one that is good, one that is not, and
// one that would cost the device its network.
func dropped(t *testing.T, p place) {
	good := strings.Replace(cable, "method=auto", "method=manual\naddress1=10.88.0.20/24,10.88.0.1\ndns=10.88.0.1;", 1)
	p.seed(t, "cable", good)
	p.await(t, cardIP, "10.88.0.20/24")
	p.await(t, state("cable"), `"applied"`)
	p.await(t, "test -e /var/lib/resinos/netseed/undo.json || echo kept", "kept") // the trial is over

	p.seed(t, "cable", "[connection]\ntype=ethernet\nuuid=none\n")
	p.await(t, problem("system-connections/cable", "uuid"), "true")
	p.await(t, cardIP, "10.88.0.20/24")

	p.seed(t, "cable", strings.Replace(good, "10.88.0.20/24,10.88.0.1", "10.99.0.20/24", 1))
	p.await(t, cardIP, "10.99.0.20/24")
	p.awaitFor(t, 2*time.Minute, cardIP, "10.88.0.20/24")
	p.await(t, problem("system-connections/cable", "less network"), "true")
	p.await(t, "journalctl -u netseed -o cat | grep -c 'rejected.*file=cable.*less network'", "1")

	p.run(t, "rm /mnt/boot/system-connections/broken")
	p.await(t, state("broken"), "")
}

// afterReboot finds everything as it was.
func afterReboot(t *testing.T, p place) {
	p.await(t, onCard, "cable")
	p.await(t, cardIP, "10.88.0.20/24")
	p.await(t, property("Network1", "Seeds", "[.data[] | [.[0],.[2]]]"), `[["cable","invalid"],["phone.txt","applied"]]`)
	p.await(t, servers("DnsServers"), `["10.88.0.2","10.88.0.1"]`)
	p.await(t, asks, "10.88.0.1 10.88.0.2")
	p.await(t, checkURI, "http://10.88.0.1/online")
	p.await(t, property("Network1", "Connectivity", ".data"), `"full"`)
	p.await(t, "jq -c .theirs /mnt/boot/config.json", `{"b":1,"a":2}`)
	p.await(t, "nmcli -g NAME connection show | grep -cx -e cable -e phone", "2")
}
