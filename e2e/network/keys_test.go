//go:build container || vm

package network

import (
	"testing"
	"time"
)

// keys sets, changes, spoils and removes every key of config.json that is netseed's.
func keys(t *testing.T, p place) {
	t.Run("from DHCP", func(t *testing.T) {
		p.await(t, servers("DnsServers"), `["10.88.0.1"]`)
		p.await(t, servers("NtpServers"), `["10.88.0.1"]`)
		p.await(t, property("Network1", "NtpServers", `any(.data[]; endswith("resinio.pool.ntp.org"))`), "true")
		p.await(t, "getent hosts dhcp.test | cut -d' ' -f1", "192.0.2.1")
		if out, err := p.try(t, "getent hosts owner.test"); err == nil {
			t.Errorf("a name that no server knows is %s", out)
		}
	})
	t.Run("set", func(t *testing.T) {
		p.run(t, edit(`.dnsServers="10.88.0.2" | .ntpServers="10.88.0.9 ntp.test" | .country="de" | .os.network={"connectivity":{"uri":"http://10.88.0.1/a","interval":30,"response":"ok"},"wifi":{"randomMacAddressScan":false}}`))
		p.await(t, servers("DnsServers"), `["10.88.0.2","10.88.0.1"]`)
		p.await(t, "getent hosts owner.test | cut -d' ' -f1", "192.0.2.2")
		p.await(t, "getent hosts dhcp.test | cut -d' ' -f1", "192.0.2.1")
		p.await(t, servers("NtpServers")+` | jq -c sort`, `["10.88.0.1","10.88.0.9","ntp.test"]`)
		p.await(t, property("Network1", "NtpServers", `any(.data[]; endswith("resinio.pool.ntp.org"))`), "false")
		p.await(t, checkURI, "http://10.88.0.1/a")
		p.await(t, "NetworkManager --print-config | grep '^wifi.scan-rand-mac-address=' | sort -u", "wifi.scan-rand-mac-address=no")
		p.await(t, property("Service1", "Problems", ".data"), "[]")
	})
	t.Run("wrong", func(t *testing.T) {
		p.run(t, edit(`.dnsServers="dns.example" | .country="Germany" | .os.network.connectivity.uri=5`))
		for _, what := range []string{"/dnsServers", "/country", "/os/network/connectivity/uri"} {
			p.await(t, problem(what, ""), "true")
		}
		p.await(t, servers("DnsServers"), `["10.88.0.2","10.88.0.1"]`)
		p.await(t, checkURI, "http://10.88.0.1/a")
	})
	t.Run("changed", func(t *testing.T) {
		p.run(t, edit(`.dnsServers="null" | .ntpServers="null" | .country="FR" | .os.network.connectivity.uri="http://10.88.0.1/b"`))
		p.await(t, servers("DnsServers"), `["10.88.0.1"]`)
		p.await(t, property("Network1", "NtpServers", ".data"), `["10.88.0.1"]`)
		p.await(t, checkURI, "http://10.88.0.1/b")
		p.await(t, property("Service1", "Problems", ".data"), "[]")
	})
	t.Run("removed", func(t *testing.T) {
		p.run(t, edit(`del(.dnsServers, .ntpServers, .country, .os)`))
		p.await(t, servers("DnsServers"), `["10.88.0.1"]`)
		p.await(t, property("Network1", "NtpServers", `any(.data[]; endswith("resinio.pool.ntp.org"))`), "true")
		p.await(t, checkURI, "")
		p.await(t, "grep -c = /run/NetworkManager/conf.d/90-netseed.conf || true", "0")
	})
}

// What the daemons themselves say, over the bus where they have one.
const (
	asks      = `busctl -j call uk.org.thekelleys.dnsmasq /uk/org/thekelleys/dnsmasq uk.org.thekelleys.dnsmasq GetServerMetrics | jq -r '[.data[0][].address | select(startswith("10.88"))] | sort | join(" ")'`
	sources   = `chronyc -c -N sources -a | cut -d, -f3 | grep -v pool.ntp.org | sort -u | tr '\n' ' ' | sed 's/ $//'` // a name stands for several
	defaults  = `chronyc -c -N sources -a | grep -o '[0-9].resinio.pool.ntp.org' | sort -u | wc -l`
	available = "busctl -j get-property org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager ConnectivityCheckAvailable | jq -r .data"
)

// daemons sets, changes, spoils and removes each key, and asks the daemon that it is for
// how soon it has it. Without the emulation it takes a tenth of the time.
func daemons(t *testing.T, p place) {
	for _, c := range []struct{ what, change, ask, want string }{
		{"dnsServers changed", `.dnsServers="10.88.0.2 10.88.0.9"`, asks, "10.88.0.1 10.88.0.2 10.88.0.9"},
		{"dnsServers null", `.dnsServers="null"`, asks, "10.88.0.1"},
		{"dnsServers set", `.dnsServers="10.88.0.2"`, asks, "10.88.0.1 10.88.0.2"},
		{"dnsServers wrong", `.dnsServers="dns.example"`, problem("/dnsServers", "dns.example"), "true"},
		{"and the last ones stay", `.`, asks, "10.88.0.1 10.88.0.2"},
		{"dnsServers removed", `del(.dnsServers)`, asks, "10.88.0.1"},
		{"ntpServers set", `.ntpServers="10.88.0.9 ntp.test"`, sources, "10.88.0.1 10.88.0.9 ntp.test"},
		{"ntpServers wrong", `.ntpServers="no_host!"`, problem("/ntpServers", "no_host!"), "true"},
		{"and the last ones stay", `.`, sources, "10.88.0.1 10.88.0.9 ntp.test"},
		{"ntpServers changed", `.ntpServers="10.88.0.8"`, sources, "10.88.0.1 10.88.0.8"},
		{"ntpServers removed", `del(.ntpServers)`, defaults, "4"},
		{"ntpServers null", `.ntpServers="null"`, defaults, "0"},
		{"connectivity changed", `.os.network.connectivity.uri="http://10.88.0.1/login"`, checkURI, "http://10.88.0.1/login"},
		{"connectivity wrong", `.os.network.connectivity.uri="gopher://x"`, problem("/os/network/connectivity/uri", ""), "true"},
		{"and the last one stays", `.`, checkURI, "http://10.88.0.1/login"},
		{"connectivity removed", `del(.os.network.connectivity)`, available, "false"},
		{"connectivity set", `.os.network.connectivity={"uri":"http://10.88.0.1/online","response":"this is the internet"}`, available, "true"},
		{"country wrong", `.country="Germany"`, problem("/country", ""), "true"},
		{"country removed", `del(.country)`, property("Service1", "Problems", "[.data[] | select(.[0]==\"/country\")]"), "[]"},
	} {
		p.timed(t, c.what, c.change, c.ask, c.want)
	}
}

const checkURI = "busctl -j get-property org.freedesktop.NetworkManager /org/freedesktop/NetworkManager org.freedesktop.NetworkManager ConnectivityCheckUri | jq -r .data"

// inApp runs a command where a container would: in a namespace behind a cable of
// its own, with the resolver's address for containers in resolv.conf.
const inApp = `systemd-run -q --pipe --wait -p NetworkNamespacePath=/run/netns/app -p BindReadOnlyPaths=/tmp/app.conf:/run/resolvconf/resolv.conf `

// names asks for names as programs and containers do, also past a dead upstream.
func names(t *testing.T, p place) {
	p.run(t, `ip netns add app && ip link add veth-app type veth peer name eth0 netns app && ip address add 10.89.0.1/24 dev veth-app && ip link set veth-app up &&
		ip -n app address add 10.89.0.2/24 dev eth0 && ip -n app link set eth0 up && ip -n app route add default via 10.89.0.1 && echo nameserver 10.114.102.1 > /tmp/app.conf`)
	p.await(t, inApp+"getent hosts dhcp.test | cut -d' ' -f1", "192.0.2.1")

	p.run(t, edit(`.dnsServers="10.88.0.2"`))
	p.await(t, servers("DnsServers"), `["10.88.0.2","10.88.0.1"]`)
	p.run(t, "systemctl kill -s STOP lan-dns")
	began := time.Now()
	p.run(t, inApp+"getent hosts one.dhcp.test")
	p.run(t, "getent hosts two.dhcp.test")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("with a dead server two names took %v", took)
	}
	p.run(t, "systemctl kill -s CONT lan-dns")

	p.run(t, "ip link del resin-dns")
	p.await(t, "getent hosts dhcp.test | cut -d' ' -f1", "192.0.2.1")
	p.run(t, "systemctl restart resin-dns-bridge")
	p.await(t, inApp+"getent hosts dhcp.test | cut -d' ' -f1", "192.0.2.1")
	p.run(t, edit(`del(.dnsServers)`))
}

// clock holds what the time begins with, and that the server's is asked.
func clock(t *testing.T, p place) {
	p.run(t, "test $(date +%s) -ge $(stat -c %Y /usr/lib/clock-epoch)")
	p.run(t, "test $(systemctl show -P MainPID chrony) != 0")
	p.await(t, "chronyc -c sources | awk -F, '$3==\"10.88.0.1\" && $6>0 {print \"answers\"}'", "answers")
}
