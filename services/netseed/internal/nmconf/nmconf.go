// Package nmconf is netseed's part of NetworkManager's configuration: a file in
// /run/NetworkManager/conf.d (man NetworkManager.conf), which NetworkManager reads
// when it starts and when it is told to.
package nmconf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

const file = "/run/NetworkManager/conf.d/90-netseed.conf"

// ErrNotApplied is wrapped when NetworkManager read the file and has something else.
var ErrNotApplied = errors.New("NetworkManager has something else")

// A Manager can read its configuration again, and tell a part of it.
type Manager interface {
	Reload(ctx context.Context) error
	CheckURI(ctx context.Context) (string, error)
}

// A File is the configuration, used by one goroutine.
type File struct {
	path    string
	manager Manager
	told    bool // NetworkManager has read the file as it is
}

// New returns the file of the device below root.
func New(root layout.Root, manager Manager) *File {
	return &File{path: root.Path(file), manager: manager}
}

// Set writes what c asks, and makes a NetworkManager that runs have it.
func (f *File) Set(ctx context.Context, c config.Network, running bool) error {
	content := render(c)
	have, err := os.ReadFile(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot read our part of NetworkManager's configuration: %w", err)
	}
	if err != nil || !bytes.Equal(have, content) {
		f.told = false
		if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
			return err
		}
		if err := atomicfile.Write(f.path, content, 0o644); err != nil {
			return err
		}
	}
	if !running {
		f.told = true // it reads the file when it starts
		return nil
	}
	if f.told {
		return nil
	}
	if err := f.manager.Reload(ctx); err != nil {
		return err
	}
	uri, err := f.manager.CheckURI(ctx)
	if err != nil {
		return err
	}
	if uri != c.Connectivity.URI {
		return fmt.Errorf("cannot set the connectivity check: %w: %q", ErrNotApplied, uri)
	}
	f.told = true
	return nil
}

// render returns the file's text. A key that is absent in config.json has no line:
// NetworkManager's own default is in force then.
func render(c config.Network) []byte {
	var b strings.Builder
	b.WriteString("# Made by netseed from config.json.\n")
	if c.RandomMACAddressScan != nil {
		fmt.Fprintf(&b, "[device]\nwifi.scan-rand-mac-address=%s\n", map[bool]string{true: "yes", false: "no"}[*c.RandomMACAddressScan])
	}
	if check := c.Connectivity; check.URI != "" {
		fmt.Fprintf(&b, "[connectivity]\nenabled=true\nuri=%s\n", escape(check.URI))
		if check.Interval > 0 {
			fmt.Fprintf(&b, "interval=%d\n", int(check.Interval.Seconds()))
		}
		if check.Response != "" {
			fmt.Fprintf(&b, "response=%s\n", escape(check.Response))
		}
	}
	return []byte(b.String())
}

// escape keeps GKeyFile from reading anything into a value.
func escape(s string) string {
	s = strings.ReplaceAll(s, `\`, `\\`)
	if strings.HasPrefix(s, " ") {
		s = `\s` + s[1:]
	}
	return s
}
