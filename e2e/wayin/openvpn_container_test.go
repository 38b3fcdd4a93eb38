//go:build container

package wayin

import (
	"os"
	"strings"
	"testing"

	"resinos.io/e2e/container"
)

// TestOpenVPN types what the image's README says, and connects from a namespace
// that has no other way to the server's address inside the tunnel.
func TestOpenVPN(t *testing.T) {
	c := container.Start(t, container.Options{})
	s := &story{T: t, c: c}
	if state := c.MustRun(t, "systemctl list-units --no-legend 'openvpn*' --state=active | grep -v slice || true"); state != "" {
		t.Errorf("a server runs already: %s", state)
	}
	readme, err := os.ReadFile("../../image/README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "## The OpenVPN server")
	_, script, begins := strings.Cut(section, "```sh\n")
	script, _, ends := strings.Cut(script, "```")
	if !found || !begins || !ends {
		t.Fatal("the README has no script for the server")
	}
	// What a machine has and a container has not.
	c.MustRun(t, "mkdir -p /dev/net; [ -c /dev/net/tun ] || mknod /dev/net/tun c 10 200")
	c.MustRun(t, script)
	s.awaitText(t, "systemctl is-active openvpn-server@server", "active")
	// By these names NetworkManager leaves the cable's ends alone.
	c.MustRun(t, `ip netns add peer && ip link add veth0 type veth peer name veth1 netns peer
		ip addr add 192.0.2.1/24 dev veth0 && ip link set veth0 up
		ip -n peer addr add 192.0.2.2/24 dev veth1 && ip -n peer link set veth1 up
		sed 's/DEVICE/192.0.2.1/' /etc/openvpn/server/client.ovpn >/run/client.ovpn`)
	// A unit of its own: what a command leaves behind may end with it.
	const connect = "systemd-run --quiet --collect --unit=vpn-peer ip netns exec peer openvpn --config /run/client.ovpn"
	const ping = "ip netns exec peer ping -c1 -W2 10.8.0.1 >/dev/null && echo there"
	c.MustRun(t, connect)
	s.awaitText(t, ping, "there")
	if owner := c.MustRun(t, "stat -c '%a %U' /etc/openvpn/server/server.key"); owner != "600 root" {
		t.Errorf("the key is %s", owner)
	}
	// A client whose key the server does not know stays outside.
	c.MustRun(t, `systemctl stop vpn-peer
		sed -i '/^..:..:.*$/d; s/^<peer-fingerprint>$/&\n'"$(openssl x509 -in /etc/openvpn/server/server.crt -noout -fingerprint -sha256 | cut -d= -f2)"'/' /etc/openvpn/server/server.conf
		systemctl restart openvpn-server@server`)
	s.awaitText(t, "systemctl is-active openvpn-server@server", "active")
	c.MustRun(t, connect+" && sleep 8")
	if out, err := c.Run(t.Context(), ping); err == nil {
		t.Errorf("a client that was taken out is in: %s", out)
	}
}
