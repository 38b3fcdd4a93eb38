//go:build container || vm

package network

import (
	"strings"
	"testing"
	"time"
)

const (
	fixed = "[connection]\ntype=ethernet\ninterface-name=up0\n[ipv4]\nmethod=manual\naddress1=10.88.0.20/24,10.88.0.1\ndns=10.88.0.1;\n[ipv6]\nmethod=disabled\n"
	lost  = "[connection]\ntype=ethernet\ninterface-name=up0\n[ipv4]\nmethod=manual\naddress1=10.99.0.20/24\n[ipv6]\nmethod=disabled\n"
	up0   = "nmcli -g GENERAL.CONNECTION device show up0"
	addr  = "ip -4 -o address show up0 | awk '{print $4}'"
)

// files tells the story of connection files, from their coming to their going.
func files(t *testing.T, p place) {
	t.Run("come", func(t *testing.T) {
		p.seed(t, "Office.txt", "\ufeff"+strings.ReplaceAll(fixed, "\n", "\r\n"))
		p.seed(t, "mobile", "[connection]\ntype=gsm\n[gsm]\napn=internet\n")
		p.seed(t, "Later.ignore", fixed)
		p.seed(t, "._Office.txt", "junk")
		p.await(t, up0, "Office")
		p.await(t, addr, "10.88.0.20/24")
		p.await(t, state("Office.txt"), `"applied"`)
		p.await(t, property("Network1", "Seeds", "[.data[][0]]"), `["Office.txt","mobile"]`)
		p.await(t, "nmcli -g connection.type connection show mobile", "gsm")
		if out := p.run(t, "stat -c '%U %a' /etc/NetworkManager/system-connections/*.nmconnection | sort -u"); out != "root 600" {
			t.Errorf("the files are %s", out)
		}
	})
	t.Run("rejected", func(t *testing.T) {
		p.run(t, "systemd-run -q --unit=listen -p StandardOutput=file:/tmp/signals busctl monitor --json=short --match \"type='signal',interface='io.resinos.Network1'\"")
		p.await(t, "systemctl is-active listen", "active")
		time.Sleep(time.Second) // until it listens
		p.seed(t, "Office.txt", "junk\n")
		p.seed(t, "nameless", "[connection]\ntype=wifi\n[wifi]\nmode=infrastructure\n")
		p.await(t, state("Office.txt"), `"invalid"`)
		p.await(t, problem("system-connections/Office.txt", "line 1"), "true")
		p.await(t, problem("system-connections/nameless", "802-11-wireless.ssid: property is missing"), "true")
		p.await(t, "grep -c SeedRejected /tmp/signals", "2")
		p.await(t, "journalctl -u netseed -o cat | grep -c 'rejected.*file=nameless'", "1")
		p.await(t, addr, "10.88.0.20/24")
		p.run(t, "systemctl stop listen; rm /mnt/boot/system-connections/nameless")
		p.await(t, state("nameless"), "")
	})
	t.Run("changed", func(t *testing.T) {
		p.seed(t, "Office.txt", strings.Replace(fixed, "0.20/", "0.21/", 1))
		p.await(t, addr, "10.88.0.21/24")
		p.await(t, state("Office.txt"), `"applied"`)
	})
	t.Run("diverged", func(t *testing.T) {
		p.run(t, "nmcli connection modify Office ipv4.dns-search x.test && nmcli connection add type dummy ifname dummy7 con-name own autoconnect no")
		p.await(t, state("Office.txt"), `"diverged"`)
		p.run(t, "touch /mnt/boot/system-connections/Office.txt")
		time.Sleep(time.Second)
		p.await(t, "nmcli -g ipv4.dns-search connection show Office", "x.test")
		p.seed(t, "Office.txt", fixed)
		p.await(t, state("Office.txt"), `"applied"`)
		p.await(t, "nmcli -g ipv4.dns-search connection show Office", "")
		p.await(t, addr, "10.88.0.20/24")
	})
	t.Run("lock-out", func(t *testing.T) { lockOut(t, p) })
	t.Run("go", func(t *testing.T) {
		p.run(t, "rm /mnt/boot/system-connections/*")
		p.await(t, property("Network1", "Seeds", ".data"), "[]")
		p.await(t, "nmcli -g NAME connection show | grep -cE 'Office|mobile' || true", "0")
		p.run(t, "nmcli connection show own")
		p.await(t, servers("DnsServers"), `["10.88.0.1"]`) // by DHCP again
	})
}

// lockOut brings a file that costs the device its network; once netseed takes it back, once
// NetworkManager and the next netseed do, because netseed was killed.
func lockOut(t *testing.T, p place) {
	p.run(t, edit(`.os.network.rollbackAfter=10`))
	p.await(t, state("Office.txt"), `"applied"`)
	p.seed(t, "Office.txt", lost)
	p.await(t, addr, "10.99.0.20/24")
	p.awaitFor(t, time.Minute, addr, "10.88.0.20/24")
	p.await(t, state("Office.txt"), `"invalid"`)
	p.await(t, problem("system-connections/Office.txt", "less network"), "true")
	p.await(t, servers("DnsServers"), `["10.88.0.1"]`)

	p.seed(t, "Office.txt", lost+"# again\n")
	p.await(t, addr, "10.99.0.20/24")
	p.run(t, "systemctl kill -s KILL netseed")
	p.awaitFor(t, time.Minute, addr, "10.88.0.20/24")
	p.awaitFor(t, time.Minute, state("Office.txt"), `"invalid"`)
	p.await(t, "cat /var/lib/resinos/netseed/undo.json 2>/dev/null || echo none", "none")

	p.seed(t, "Office.txt", fixed)
	p.await(t, state("Office.txt"), `"applied"`)
	p.run(t, edit(`del(.os)`))
}

// restarts takes away what netseed talks to, one after the other, and netseed itself.
func restarts(t *testing.T, p place) {
	p.run(t, edit(`.dnsServers="10.88.0.2" | .ntpServers="10.88.0.9" | .os.network.connectivity.uri="http://10.88.0.1/c"`))
	all := func(t *testing.T) {
		t.Helper()
		p.await(t, servers("DnsServers"), `["10.88.0.2","10.88.0.1"]`)
		p.await(t, servers("NtpServers")+" | jq -c sort", `["10.88.0.1","10.88.0.9"]`)
		p.await(t, checkURI, "http://10.88.0.1/c")
		p.await(t, property("Service1", "State", ".data"), `"ready"`)
	}
	all(t)
	for _, command := range []string{
		"systemctl restart NetworkManager && nmcli device set up0 managed yes",
		"systemctl kill -s KILL NetworkManager; until nmcli device set up0 managed yes; do sleep 0.1; done",
		"systemctl kill -s KILL dnsmasq", "systemctl restart dnsmasq", "systemctl restart chrony", "systemctl kill -s KILL netseed",
		"systemctl stop NetworkManager dnsmasq chrony netseed && systemctl start netseed chrony dnsmasq NetworkManager && nmcli device set up0 managed yes",
	} {
		t.Run(command, func(t *testing.T) {
			p.run(t, command)
			time.Sleep(500 * time.Millisecond) // until what was killed has gone
			all(t)
		})
	}
	p.run(t, edit(`del(.dnsServers, .ntpServers, .os)`))
	p.await(t, servers("DnsServers"), `["10.88.0.1"]`)
}
