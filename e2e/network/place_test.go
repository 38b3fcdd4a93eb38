//go:build container || vm

package network

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// soon is how long a change may take on a busy machine, under emulation.
const soon = 30 * time.Second

// A place is a booted device, container or virtual machine.
type place struct {
	// try runs a command in the device's shell and returns its output.
	try func(t *testing.T, command string) (string, error)
}

func (p place) run(t *testing.T, command string) string {
	t.Helper()
	out, err := p.try(t, command)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// await runs command until it prints want.
func (p place) await(t *testing.T, command, want string) {
	t.Helper()
	p.awaitFor(t, soon, command, want)
}

func (p place) awaitFor(t *testing.T, limit time.Duration, command, want string) {
	t.Helper()
	out := ""
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if out, _ = p.try(t, command); out == want { // it may fail until it does not
			return
		}
	}
	t.Fatalf("%s\nprints %q after %v, want %q", command, out, limit, want)
}

// property is a command that prints a property as JSON, by way of a jq program.
func property(face, name, program string) string {
	return fmt.Sprintf("busctl -j get-property io.resinos.Network1 /io/resinos/Network1 io.resinos.%s %s | jq -c '%s'", face, name, program)
}

// servers prints those of a list that belong to the test's network.
func servers(name string) string {
	return property("Network1", name, `[.data[] | select(test("^10\\.88|test$"))]`)
}

// state prints a seed's state.
func state(file string) string {
	return property("Network1", "Seeds", fmt.Sprintf(`.data[] | select(.[0] == "%s") | .[2]`, file))
}

// problem prints whether there is a problem with what whose reason has text in it.
func problem(what, text string) string {
	return property("Service1", "Problems", fmt.Sprintf(`any(.data[]; .[0] == "%s" and (.[1] | contains("%s")))`, what, text))
}

// edit runs a jq program over config.json, writing in place as many an editor does.
func edit(program string) string {
	return fmt.Sprintf(`jq %q /mnt/boot/config.json > /tmp/new && cat /tmp/new > /mnt/boot/config.json`, program)
}

// timed changes config.json by a jq program and says how long it took until a command
// printed want, as the device's own clock has it.
func (p place) timed(t *testing.T, what, program, command, want string) {
	t.Helper()
	out := p.run(t, fmt.Sprintf(`ask() { %s; }
		jq %q /mnt/boot/config.json > /tmp/new
		read began _ < /proc/uptime
		cat /tmp/new > /mnt/boot/config.json
		until [ "$(ask)" = %q ]; do
			read now _ < /proc/uptime
			[ $((${now%%.*} - ${began%%.*})) -lt %d ] || { echo "it prints $(ask)"; exit 0; }
		done
		read now _ < /proc/uptime
		echo took $(( (${now%%.*} - ${began%%.*}) * 1000 + (1${now#*.} - 1${began#*.}) * 10 )) ms`, command, program, want, int(soon.Seconds())))
	if !strings.HasPrefix(out, "took ") {
		t.Errorf("%s: after %v %s\n%s, want %q", what, soon, command, out, want)
		return
	}
	t.Logf("%-24s %s", what, out)
}

// seed writes a connection file on the boot partition.
func (p place) seed(t *testing.T, name, content string) {
	t.Helper()
	content = strings.NewReplacer("\r", `\r`, "\n", `\n`, "\ufeff", `\357\273\277`).Replace(content)
	p.run(t, fmt.Sprintf(`mkdir -p /mnt/boot/system-connections && printf '%s' > '/mnt/boot/system-connections/%s'`, content, name))
}

// lan makes the test's network and joins the device to it by the interface up0:
// 10.88.0.1 serves DHCP, names below dhcp.test and the time, 10.88.0.2 names below
// owner.test. NetworkManager takes ends of such a cable only when it is told to.
const lan = `set -e
ip netns add lan
ip link add up0 type veth peer name lan0 netns lan
ip -n lan address add 10.88.0.1/24 dev lan0
ip -n lan address add 10.88.0.2/32 dev lo
ip -n lan link set lan0 up
ip -n lan link set lo up
in_lan() { unit=$1; shift; systemd-run -q --unit=$unit -p NetworkNamespacePath=/run/netns/lan "$@"; }
in_lan lan-dhcp dnsmasq -k --conf-file=/dev/null --interface=lan0 --except-interface=lo --bind-interfaces --no-resolv --no-hosts \
  --dhcp-range=10.88.0.50,10.88.0.99,255.255.255.0,2m --dhcp-option=option:router,10.88.0.1 --dhcp-option=option:dns-server,10.88.0.1 \
  --dhcp-option=option:ntp-server,10.88.0.1 --local=/dhcp.test/ --address=/dhcp.test/192.0.2.1 --dhcp-leasefile=/tmp/leases --user=root --pid-file=
in_lan lan-dns dnsmasq -k --conf-file=/dev/null --listen-address=10.88.0.2 --bind-interfaces --no-resolv --no-hosts \
  --local=/owner.test/ --address=/owner.test/192.0.2.2 --user=root --pid-file=
in_lan lan-ntp chronyd -d -x -n 'local stratum 5' 'allow all' 'cmdport 0' 'bindcmdaddress /' 'pidfile /tmp/lan-ntp.pid' 'user root'
ip link set up0 up
nmcli device set up0 managed yes`
