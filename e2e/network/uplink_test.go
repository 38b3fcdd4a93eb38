//go:build vm

package network

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"resinos.io/e2e/device"
)

// An uplink is the network at the far end of the device's second card, in a network
// namespace: 10.88.0.1 serves DHCP, names below dhcp.test, the time, and a page for the
// connectivity check; 10.88.0.2 serves names below owner.test. The programs are the
// image's own, in containers of its root, so that this machine needs none of them.
type uplink struct {
	namespace string
	owner     *exec.Cmd // serves owner.test
}

// serve begins to serve in namespace, where the cable's end is.
func serve(t *testing.T, namespace string) *uplink {
	t.Helper()
	u := &uplink{namespace: namespace}
	u.ip(t, "address", "add", "10.88.0.1/24", "dev", device.Uplink)
	u.ip(t, "address", "add", "10.88.0.2/32", "dev", "lo")
	u.ip(t, "address", "add", "10.88.0.3/32", "dev", "lo")
	u.silence(t, "10.88.0.3:53")
	const dns = "exec dnsmasq -k --conf-file=/dev/null --bind-interfaces --no-resolv --no-hosts --user=root --pid-file= "
	u.program(t, dns+"--interface="+device.Uplink+" --except-interface=lo --dhcp-range=10.88.0.50,10.88.0.99,255.255.255.0,2m --leasefile-ro"+
		" --dhcp-option=option:router,10.88.0.1 --dhcp-option=option:dns-server,10.88.0.1 --dhcp-option=option:ntp-server,10.88.0.1"+
		" --local=/dhcp.test/ --address=/dhcp.test/192.0.2.1 --address=/ntp.test/10.88.0.1")
	u.owner = u.program(t, dns+"--listen-address=10.88.0.2 --local=/owner.test/ --address=/owner.test/192.0.2.2")
	u.program(t, "exec chronyd -d -x -n 'local stratum 5' 'allow all' 'cmdport 0' 'bindcmdaddress /' 'pidfile /run/ntp.pid' 'user root'")
	u.page(t)
	return u
}

func (u *uplink) ip(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ip", append([]string{"-n", u.namespace}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ip %v: %v: %s", args, err, out)
	}
}

// program runs a line of shell in a container of the image's root, until the test ends.
func (u *uplink) program(t *testing.T, line string) *exec.Cmd {
	t.Helper()
	root, err := filepath.Abs("../../build/work/development/root")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(context.WithoutCancel(t.Context()), "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--as-pid2", "--read-only",
		"--directory="+root, "--machine="+fmt.Sprintf("up-%x-%x", os.Getpid(), time.Now().UnixNano()), "--console=pipe", "--capability=all", "--resolv-conf=off", "--timezone=off",
		"--network-namespace-path=/run/netns/"+u.namespace, "/bin/sh", "-c", line)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(t.TempDir(), "program.log"))
	if err != nil {
		t.Fatal(err)
	}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatalf("no %s: %v", line, err)
	}
	t.Cleanup(func() {
		end(command)
		if text, err := os.ReadFile(log.Name()); t.Failed() && err == nil {
			t.Logf("%s\n%s", line, text)
		}
		log.Close()
	})
	return command
}

// end ends a program that runs, and waits until its container is gone.
func end(command *exec.Cmd) {
	_ = command.Process.Signal(syscall.SIGTERM) // it may have ended
	timer := time.AfterFunc(5*time.Second, func() { _ = command.Process.Kill() })
	defer timer.Stop()
	_ = command.Wait() // how it ended does not matter
}

// page serves the page that NetworkManager looks for, "/online", and a wrong one.
func (u *uplink) page(t *testing.T) {
	t.Helper()
	var listener net.Listener
	err := u.inside(func() (err error) {
		listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "10.88.0.1:80")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	pages := http.NewServeMux()
	pages.HandleFunc("/online", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "this is the internet") })
	pages.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "buy a ticket") })
	server := &http.Server{Handler: pages, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // until it is closed
	t.Cleanup(func() { server.Close() })
}

// silence takes whatever comes to a UDP port, and says nothing.
func (u *uplink) silence(t *testing.T, address string) {
	t.Helper()
	var port net.PacketConn
	err := u.inside(func() (err error) {
		port, err = new(net.ListenConfig).ListenPacket(t.Context(), "udp", address)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { port.Close() })
}

// inside calls do in the namespace, on a thread that ends with it.
func (u *uplink) inside(do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		file, err := os.Open("/run/netns/" + u.namespace)
		if err != nil {
			done <- err
			return
		}
		defer file.Close()
		if err = unix.Setns(int(file.Fd()), unix.CLONE_NEWNET); err == nil {
			err = do()
		}
		done <- err
	}()
	return <-done
}
