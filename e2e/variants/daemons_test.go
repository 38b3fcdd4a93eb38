//go:build container

package variants

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5/introspect"

	"resinos.io/e2e/container"
	"resinos.io/e2e/program"
)

// A daemon is one of ours: a unit with a name on the bus.
type daemon struct {
	unit string // with .service
	name string // on the bus, and of its interface
	face introspect.Interface
}

func (d daemon) path() string { return "/" + strings.ReplaceAll(d.name, ".", "/") }

// daemons are all that the repository has, by their units.
func daemons(t *testing.T) []daemon {
	t.Helper()
	units, err := filepath.Glob("../../units/system/*.service")
	if err != nil {
		t.Fatal(err)
	}
	var found []daemon
	for _, path := range units {
		if name := busName(t, path); name != "" {
			found = append(found, daemon{filepath.Base(path), name, contractOf(t, name)})
		}
	}
	if len(found) == 0 {
		t.Fatal("no unit in units/system has a BusName")
	}
	return found
}

func busName(t *testing.T, unit string) string {
	t.Helper()
	file, err := os.Open(unit)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "BusName="); ok {
			return name
		}
	}
	return ""
}

func contractOf(t *testing.T, name string) introspect.Interface {
	t.Helper()
	text, err := os.ReadFile("../../proto/" + name + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	var node introspect.Node
	if err := xml.Unmarshal(text, &node); err != nil {
		t.Fatal(err)
	}
	return node.Interfaces[0]
}

// TestMasked masks each daemon in turn: the device boots, nothing has failed (Start
// fails otherwise), and the rest works.
func TestMasked(t *testing.T) {
	for _, d := range daemons(t) {
		t.Run(d.unit, func(t *testing.T) {
			c := container.Start(t, container.Options{Units: map[string][]byte{d.unit: nil}})
			if _, err := c.Run(t.Context(), "busctl status "+d.name); err == nil {
				t.Errorf("somebody is %s", d.name)
			}
			theRestWorks(t, c, d)
		})
	}
}

// standinUnit is the unit of the program that takes a daemon's place.
const standinUnit = `[Unit]
Requires=dbus.socket
After=dbus.socket
[Service]
Type=dbus
BusName=%[1]s
ExecStartPre=install -m 755 /mnt/boot/standin /run/standin
ExecStart=/run/standin %[1]s
[Install]
WantedBy=multi-user.target
`

// TestReplaced replaces each daemon in turn by a small program with the same
// interface: the device boots, nothing has failed, and the rest works.
func TestReplaced(t *testing.T) {
	standin := program.Build(t, "./standin")
	for _, d := range daemons(t) {
		t.Run(d.unit, func(t *testing.T) {
			c := container.Start(t, container.Options{
				Boot:  map[string][]byte{"standin": standin},
				Units: map[string][]byte{d.unit: fmt.Appendf(nil, standinUnit, d.name)},
			})
			if exe := c.MustRun(t, "readlink /proc/$(systemctl show -P MainPID "+d.unit+")/exe"); exe != "/run/standin" {
				t.Errorf("%s is %s", d.name, exe)
			}
			for _, property := range d.face.Properties {
				got := c.MustRun(t, fmt.Sprintf("busctl get-property %s %s %s %s", d.name, d.path(), d.name, property.Name))
				if kind, _, _ := strings.Cut(got, " "); kind != property.Type {
					t.Errorf("the stand-in's %s is %s, want a %s", property.Name, got, property.Type)
				}
			}
			theRestWorks(t, c, d)
		})
	}
}

func theRestWorks(t *testing.T, c *container.Container, without daemon) {
	t.Helper()
	for _, d := range daemons(t) {
		if d.unit == without.unit {
			continue
		}
		state := c.MustRun(t, fmt.Sprintf("busctl get-property %s %s io.resinos.Service1 State", d.name, d.path()))
		problems := c.MustRun(t, fmt.Sprintf("busctl get-property %s %s io.resinos.Service1 Problems", d.name, d.path()))
		// A container has no boot loader, and the updater says so.
		bootless := strings.HasPrefix(problems, `a(ss) 1 "boot environment"`)
		if state != `s "ready"` && !bootless {
			t.Errorf("%s is %s: %s", d.unit, state, problems)
		}
	}
	for _, unit := range []string{"NetworkManager", "avahi-daemon", "docker", "systemd-journald"} {
		if state, _ := c.Run(t.Context(), "systemctl is-active "+unit); state != "active" {
			t.Errorf("%s is %s", unit, state)
		}
	}
}
