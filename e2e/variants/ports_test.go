//go:build container

package variants

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/container"
)

const outside = "192.0.2.2"

// addresses are the device's, as another host on its network sees them.
func addresses() []string { return []string{"192.0.2.1", "2001:db8::1"} }

// The device's side: one interface with fixed addresses. It tells of closed ports as
// fast as it is asked.
const inside = `
nmcli connection add con-name lan type ethernet ifname host0 ipv4.method manual ipv4.addresses 192.0.2.1/24 \
  ipv6.method manual ipv6.addresses 2001:db8::1/64
ip link set host0 up
nmcli connection up lan
echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
echo 0 > /proc/sys/net/ipv4/icmp_ratemask
echo 0 > /proc/sys/net/ipv6/icmp/ratelimit`

// TestProductionFromOutside scans every TCP and every UDP port of the default
// production image from another network namespace: mDNS is all there is.
func TestProductionFromOutside(t *testing.T) {
	c := container.Start(t, container.Options{Variant: "production"})
	namespace := joinNamespace(t, c.Interface())
	c.MustRun(t, inside)
	inNamespace(t, namespace, func() {
		for _, address := range addresses() {
			awaitReached(t, c, address)
			if open := scan(address, tcpOpen); len(open) > 0 {
				t.Errorf("TCP ports %v of %s are open: %s", open, address, c.MustRun(t, "ss -Hltnp"))
			}
			open := scan(address, udpOpen)
			open = slices.DeleteFunc(open, func(port int) bool { return port == 5353 })
			if len(open) > 0 {
				t.Errorf("UDP ports %v of %s are open: %s", open, address, c.MustRun(t, "ss -Hlunp"))
			}
		}
	})
	// The same scan finds what is open: it is not the wall that is silent.
	c.MustRun(t, "systemd-run --quiet --unit=open-tcp systemd-socket-activate -l 4711 true; systemd-run --quiet --unit=open-udp systemd-socket-activate -d -l 4712 sleep 60")
	c.MustRun(t, "until [ $(ss -Hltun sport = :4711 or sport = :4712 | wc -l) = 2 ]; do sleep 0.1; done")
	inNamespace(t, namespace, func() {
		awaitReached(t, c, addresses()[0])
		if !tcpOpen(addresses()[0], 4711) || !udpOpen(addresses()[0], 4712) || udpOpen(addresses()[0], 4713) {
			t.Error("the scan does not find a port that is open, or finds one that is not")
		}
	})
}

// joinNamespace makes a network namespace with the outer end of the container's cable in it.
func joinNamespace(t *testing.T, link string) string {
	t.Helper()
	name := fmt.Sprintf("resin-scan-%d", os.Getpid())
	run(t, "ip", "netns", "add", name)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", name).Run() })
	run(t, "ip", "link", "set", link, "netns", name)
	run(t, "ip", "-n", name, "address", "add", outside+"/24", "dev", link)
	run(t, "ip", "-n", name, "address", "add", "2001:db8::2/64", "dev", link, "nodad")
	run(t, "ip", "-n", name, "link", "set", link, "up")
	return name
}

func run(t *testing.T, command ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), command[0], command[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v: %s", command, err, out)
	}
}

// inNamespace runs do on a thread of its own in the network namespace name.
func inNamespace(t *testing.T, name string, do func()) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		fd, err := unix.Open("/run/netns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = unix.Setns(fd, unix.CLONE_NEWNET)
			unix.Close(fd)
		}
		if err == nil {
			do()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("cannot enter the namespace: %v", err)
	}
}

// awaitReached waits until a closed port of address says so.
func awaitReached(t *testing.T, c *container.Container, address string) {
	for end := time.Now().Add(20 * time.Second); udpOpen(address, 9); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			out, err := c.Run(t.Context(), "ip address; nmcli")
			t.Errorf("%s is not reached: %s, %v", address, out, err)
			return
		}
	}
}

func scan(address string, isOpen func(string, int) bool) []int {
	var open []int
	for port := 1; port < 1<<16; port++ {
		if isOpen(address, port) {
			open = append(open, port)
		}
	}
	return open
}

// tcpOpen reports whether a connection is not refused.
func tcpOpen(address string, port int) bool {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(address, fmt.Sprint(port)), time.Second)
	if err == nil {
		conn.Close()
	}
	return !errors.Is(err, syscall.ECONNREFUSED)
}

// udpOpen reports whether a packet is not answered with "port unreachable".
func udpOpen(address string, port int) bool {
	for range 2 { // a packet can be lost
		conn, err := net.Dial("udp", net.JoinHostPort(address, fmt.Sprint(port)))
		if err != nil {
			return true
		}
		_, err = conn.Write([]byte{0})
		if err == nil {
			_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			_, err = conn.Read(make([]byte, 1))
		}
		conn.Close()
		if errors.Is(err, syscall.ECONNREFUSED) {
			return false
		}
	}
	return true
}
