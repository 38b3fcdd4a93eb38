// Package regdom sets the regulatory domain of Wi-Fi in the kernel, through iw.
//
// Without Wi-Fi hardware the kernel has no such thing, and that is no fault. "00" is
// the world's common denominator, in force where no country is set.
package regdom

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"resinos.io/shared/layout"
)

const (
	world    = "00"
	callTime = 3 * time.Second
	applies  = 500 * time.Millisecond // the kernel may ask for the domain's rules first
)

// ErrNotApplied is wrapped when the kernel agreed and has another domain.
var ErrNotApplied = errors.New("the kernel has another country")

// A Domain is the regulatory domain of the running kernel, used by one goroutine.
type Domain struct {
	radios string // where the kernel lists its radios
	run    func(ctx context.Context, args ...string) ([]byte, error)
	ours   bool // we have set one
}

// New returns the domain of the device below root.
func New(root layout.Root) *Domain {
	return &Domain{radios: root.Path("/sys/class/ieee80211"), run: iw}
}

// Set makes country, an upper-case code of two letters, the domain; "" takes back
// what was set before.
func (d *Domain) Set(ctx context.Context, country string) error {
	if !hasRadio(d.radios) || country == "" && !d.ours {
		return nil
	}
	want := country
	if want == "" {
		want = world
	}
	have, err := d.get(ctx)
	if err != nil {
		return err
	}
	if have != want {
		if _, err := d.run(ctx, "reg", "set", want); err != nil {
			return fmt.Errorf("cannot set the country %s for Wi-Fi: %w", want, err)
		}
	}
	for end := time.Now().Add(applies); have != want && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if have, err = d.get(ctx); err != nil {
			return err
		}
	}
	d.ours = country != ""
	if have != want {
		return fmt.Errorf("cannot set the country %s for Wi-Fi: %w: %s", want, ErrNotApplied, have)
	}
	return nil
}

func (d *Domain) get(ctx context.Context) (string, error) {
	out, err := d.run(ctx, "reg", "get")
	if err != nil {
		return "", fmt.Errorf("cannot read the country of Wi-Fi: %w", err)
	}
	return parse(out), nil
}

// global finds the kernel's own domain in iw's answer; radios may add theirs.
//
//nolint:gochecknoglobals // a pattern
var global = regexp.MustCompile(`(?m)^country ([0-9A-Z]{2}):`)

func parse(text []byte) string {
	found := global.FindSubmatch(text)
	if found == nil {
		return ""
	}
	return string(found[1])
}

func iw(ctx context.Context, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	command := exec.CommandContext(ctx, "iw", args...)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin", "LC_ALL=C"}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("iw %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
