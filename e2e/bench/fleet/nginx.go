package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// nginx is Debian's server with one worker, its own folder and a log of ours.
type nginx struct {
	url, dir string
	command  *exec.Cmd
}

const nginxConf = `daemon off;
worker_processes 1;
pid %[1]s/pid;
error_log %[1]s/error.log;
events { worker_connections 8192; }
http {
  log_format fleet '$msec $status $bytes_sent $request_uri';
  access_log %[1]s/access.log fleet;
  client_body_temp_path %[1]s/a; proxy_temp_path %[1]s/b; fastcgi_temp_path %[1]s/c; uwsgi_temp_path %[1]s/d; scgi_temp_path %[1]s/e;
  sendfile on; keepalive_requests 100000;
  server { listen %[2]s backlog=4096; root %[3]s; }
}
`

func startNginx(ctx context.Context, root string) (*nginx, error) {
	dir, err := os.MkdirTemp("", "fleet-nginx-")
	if err != nil {
		return nil, err
	}
	if root, err = filepath.Abs(root); err != nil {
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0") // a port that is free
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	// As the user of the checkout: its folders may not be for others.
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf([]byte("user root;\n"), nginxConf, dir, address, root), 0o600); err != nil {
		return nil, err
	}
	n := &nginx{url: "http://" + address, dir: dir, command: exec.CommandContext(ctx, "/usr/sbin/nginx", "-p", dir, "-c", conf)}
	n.command.Stderr = os.Stderr
	if err := n.command.Start(); err != nil {
		return nil, fmt.Errorf("cannot start nginx: %w", err)
	}
	for range 100 {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return n, conn.Close()
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			break
		}
	}
	n.stop()
	return nil, fmt.Errorf("nginx does not answer on %s", address)
}

func (n *nginx) stop() {
	_ = n.command.Process.Signal(os.Interrupt) // it may have ended by itself
	_ = n.command.Wait()
	os.RemoveAll(n.dir)
}

// An entry is one request as the server saw it. Its bytes include the headers.
type entry struct {
	at     float64 // seconds since 1970
	status int
	bytes  int64
	path   string
}

func (n *nginx) entries() ([]entry, error) {
	file, err := os.Open(filepath.Join(n.dir, "access.log"))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []entry
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var e entry
		if _, err := fmt.Sscan(lines.Text(), &e.at, &e.status, &e.bytes, &e.path); err != nil {
			return nil, fmt.Errorf("cannot read nginx's log: %q: %w", lines.Text(), err)
		}
		all = append(all, e)
	}
	return all, lines.Err()
}
