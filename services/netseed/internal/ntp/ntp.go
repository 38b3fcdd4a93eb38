// Package ntp is chrony: where it takes its servers from, and which it has.
//
// The servers are in files of a folder in /run that chrony reads when it starts and
// when it is told to (man chrony.conf, sourcedir). So a chrony that is restarted, or
// one that outlives us, has them. default.sources here hides the file of that name
// in chrony's second folder, where the image has the servers it comes with.
package ntp

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

const (
	folder   = "/run/netseed"
	socket   = "/run/chrony/chronyd.sock"
	callTime = 3 * time.Second
)

// A Client is the device's chrony, used by one goroutine.
type Client struct {
	folder, socket string
	run            func(ctx context.Context, args ...string) ([]byte, error)
	reload         bool // a change that chrony has not been told of
}

// New returns the chrony of the device below root.
func New(root layout.Root) *Client {
	c := &Client{folder: root.Path(folder), socket: root.Path(socket)}
	c.run = c.chronyc
	return c
}

// Socket returns the file that comes and goes with chrony.
func (c *Client) Socket() string { return c.socket }

// Set makes chrony ask the owner's servers and those from DHCP: fromDHCP. It
// reports whether chrony runs.
func (c *Client) Set(ctx context.Context, owner config.Servers, fromDHCP []string) (running bool, err error) {
	for name, content := range files(owner, fromDHCP) {
		changed, err := c.put(name, content)
		if err != nil {
			return false, err
		}
		c.reload = c.reload || changed
	}
	if _, err := os.Stat(c.socket); err != nil {
		return false, nil // it reads the files when it starts
	}
	if !c.reload {
		return true, nil
	}
	if _, err := c.run(ctx, "reload", "sources"); err != nil {
		return true, fmt.Errorf("cannot make chrony read its servers: %w", err)
	}
	c.reload = false
	return true, nil
}

// files returns what is to be in the folder; nil is no file.
func files(owner config.Servers, fromDHCP []string) map[string][]byte {
	var hide []byte
	if owner.None || len(owner.Hosts) > 0 {
		hide = []byte("# config.json has ntpServers\n")
	}
	return map[string][]byte{"default.sources": hide, "config.sources": sources(owner.Hosts), "dhcp.sources": sources(slices.DeleteFunc(slices.Clone(fromDHCP), noAddress))}
}

func isAddress(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// noAddress is for what a DHCP server sent: it has no say in chrony's file.
func noAddress(s string) bool { return !isAddress(s) }

// sources returns lines of chrony's. Names were checked by package config.
func sources(servers []string) []byte {
	var b bytes.Buffer
	for _, server := range servers {
		if isAddress(server) {
			fmt.Fprintf(&b, "server %s iburst\n", server)
		} else {
			fmt.Fprintf(&b, "pool %s iburst maxsources 2\n", server)
		}
	}
	return b.Bytes()
}

func (c *Client) put(name string, content []byte) (changed bool, err error) {
	path := filepath.Join(c.folder, name)
	have, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		have = nil
	case err != nil:
		return false, fmt.Errorf("cannot read chrony's servers: %w", err)
	}
	if bytes.Equal(have, content) && (have == nil) == (content == nil) {
		return false, nil
	}
	if content == nil {
		return true, os.Remove(path)
	}
	if err := os.MkdirAll(c.folder, 0o755); err != nil {
		return false, fmt.Errorf("cannot write chrony's servers: %w", err)
	}
	return true, atomicfile.Write(path, content, 0o644)
}

// Servers returns the servers that chrony has now, by the names that it was given.
func (c *Client) Servers(ctx context.Context) ([]string, error) {
	out, err := c.run(ctx, "-c", "-N", "sources", "-a")
	if err != nil {
		return nil, fmt.Errorf("cannot ask chrony for its servers: %w", err)
	}
	return parseSources(out)
}

// parseSources reads "mode,state,name,stratum,...", one server a line. Lines with
// another mode than "^" are clocks beside the device, and a name with a space is
// none of ours.
func parseSources(text []byte) ([]string, error) {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord, reader.LazyQuotes = -1, true
	records, err := reader.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("cannot read chrony's answer: %w", err)
	}
	servers := []string{}
	for _, record := range records {
		if len(record) < 3 || record[0] != "^" || record[2] == "" || strings.ContainsAny(record[2], " \t\r\n") {
			continue
		}
		if name := strings.ToValidUTF8(record[2], "?"); !slices.Contains(servers, name) {
			servers = append(servers, name)
		}
	}
	return servers, nil
}

func (c *Client) chronyc(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	command := exec.CommandContext(ctx, "chronyc", append([]string{"-h", c.socket}, args...)...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin", "LC_ALL=C"}
	command.WaitDelay = time.Second
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, bytes.TrimSpace(out)) // chronyc complains on its standard output
	}
	return out, nil
}
