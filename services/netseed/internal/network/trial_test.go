package network

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/services/netseed/internal/nm"
	"resinos.io/services/netseed/internal/seeds"
	"resinos.io/shared/layout"
)

// manager is a NetworkManager that does what the test says.
type manager struct {
	status      nm.Status
	devices     []nm.Device
	failed      []string
	checkpoint  bool
	rolledBack  bool
	loads       int
	started     []string
	on          []dbus.ObjectPath // where
	refuses     []dbus.ObjectPath // on these nothing starts
	onLoad      func(*manager)
	checkpoints int
}

func (m *manager) Status(context.Context) (nm.Status, error)      { return m.status, nil }
func (m *manager) Devices(context.Context) ([]nm.Device, error)   { return m.devices, nil }
func (m *manager) Destroy(context.Context, dbus.ObjectPath) error { m.checkpoint = false; return nil }

func (m *manager) Holds(context.Context, dbus.ObjectPath) (bool, error) { return m.checkpoint, nil }

func (m *manager) Load(context.Context, []string) ([]string, error) {
	m.loads++
	if m.onLoad != nil {
		m.onLoad(m)
	}
	return m.failed, nil
}

func (m *manager) Activate(_ context.Context, uuid string, device dbus.ObjectPath) error {
	if slices.Contains(m.refuses, device) {
		return errRefused
	}
	m.started = append(m.started, uuid)
	m.on = append(m.on, device)
	return nil
}

var errRefused = errors.New("the address is another one")

func (m *manager) Checkpoint(context.Context, time.Duration) (dbus.ObjectPath, error) {
	m.checkpoint = true
	m.checkpoints++
	return "/1", nil
}

func (m *manager) Rollback(context.Context, dbus.ObjectPath) error {
	m.checkpoint, m.rolledBack = false, true
	m.status = routed
	return nil
}

//nolint:gochecknoglobals // a value that no test changes
var routed = nm.Status{Active: []nm.Active{{UUID: "u", Type: "802-3-ethernet", Activated: true, Default: true}}}

// rig is a trial on a device in a directory.
type rig struct {
	*testing.T
	*manager
	root     string
	trial    *Trial
	rejected []string
}

func newRig(t *testing.T) *rig {
	r := &rig{T: t, root: t.TempDir(), manager: &manager{status: routed}}
	if err := os.MkdirAll(filepath.Join(r.root, "mnt/boot/system-connections"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.restart()
	return r
}

func (r *rig) restart() {
	r.trial = &Trial{
		Store: seeds.New(layout.Root(r.root), filepath.Join(r.root, "state")), Manager: r.manager,
		Verify: func(_ context.Context, content []byte) error {
			if strings.Contains(string(content), "refuse") {
				return nm.ErrRefused
			}
			return nil
		},
		Check: func() {}, Trigger: func() {}, Log: slog.New(slog.DiscardHandler),
		Rejected: func(file, reason string) { r.rejected = append(r.rejected, file+": "+reason) },
	}
}

func (r *rig) boot(name, content string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.root, "mnt/boot/system-connections", name), []byte(content), 0o644); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) step(limit time.Duration, running bool) {
	r.Helper()
	if err := r.trial.Step(r.Context(), limit, running); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) state() string {
	var out []string
	for _, s := range r.trial.Store.Seeds() {
		out = append(out, s.File+" "+s.State)
	}
	return strings.Join(out, ", ")
}

// edit changes a connection on the device.
func (r *rig) edit(name, content string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.root, seeds.TargetFolder, name+".nmconnection"), []byte(content), 0o600); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) there(name string) bool {
	_, err := os.Stat(filepath.Join(r.root, seeds.TargetFolder, name+".nmconnection"))
	return err == nil
}

// short is how long a trial takes: longer than a step on a busy machine.
const short = 2 * time.Second

const cable = "[connection]\ntype=ethernet\n"

func TestKept(t *testing.T) {
	r := newRig(t)
	r.boot("a", cable)
	r.step(time.Minute, true)
	if r.checkpoints != 1 || r.checkpoint || r.rolledBack || r.loads != 1 {
		t.Errorf("checkpoints %d, open %v, rolled back %v, loads %d", r.checkpoints, r.checkpoint, r.rolledBack, r.loads)
	}
	if r.state() != "a applied" || !r.there("a") {
		t.Errorf("seeds are %s", r.state())
	}
	r.step(time.Minute, true)
	if r.loads != 1 {
		t.Error("a second step loads again")
	}
}

func TestTakenBack(t *testing.T) {
	r := newRig(t)
	r.onLoad = func(m *manager) { m.status = nm.Status{} } // the network is gone
	r.boot("a", cable)
	r.step(short, true)
	if !r.checkpoint || r.state() != "a applied" {
		t.Errorf("on trial: checkpoint %v, seeds %s", r.checkpoint, r.state())
	}
	r.boot("b", cable) // waits for the end of the trial
	r.step(short, true)
	if r.there("b") {
		t.Error("a change came in the middle of a trial")
	}
	time.Sleep(short)
	r.onLoad = nil
	r.step(time.Minute, true)
	if !r.rolledBack || r.there("a") || len(r.rejected) != 1 || !strings.Contains(r.rejected[0], "less network") {
		t.Errorf("rolled back %v, file there %v, rejected %q", r.rolledBack, r.there("a"), r.rejected)
	}
	if r.state() != "a invalid, b applied" {
		t.Errorf("seeds are %s", r.state())
	}
}

// TestChangedMeanwhile has a person change the connection on the device while the
// file is on trial; once with a network to lose, once without.
func TestChangedMeanwhile(t *testing.T) {
	for name, before := range map[string]nm.Status{"a network": routed, "none": {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.status = before
			r.devices = []nm.Device{{Type: "802-3-ethernet", Active: "x"}} // the trial waits for it
			r.boot("a", cable)
			r.step(time.Minute, true)
			r.edit("a", cable+"id=other\n")
			r.step(time.Minute, true)
			if r.rolledBack || r.state() != "a diverged" || len(r.rejected) > 0 {
				t.Errorf("in the trial: rolled back %v, seeds %s, rejected %q", r.rolledBack, r.state(), r.rejected)
			}
			r.status.Active = append(r.status.Active, nm.Active{UUID: r.trial.Store.Seeds()[0].UUID, Activated: true})
			time.Sleep(settle)
			r.step(time.Minute, true)
			if r.checkpoint || r.state() != "a diverged" || len(r.rejected) > 0 {
				t.Errorf("after it: checkpoint open %v, seeds %s, rejected %q", r.checkpoint, r.state(), r.rejected)
			}
		})
	}
}

// TestWentBack has NetworkManager go back by itself.
func TestWentBack(t *testing.T) {
	r := newRig(t)
	r.devices = []nm.Device{{Type: "802-3-ethernet", Active: "x"}}
	r.boot("a", cable)
	r.step(time.Minute, true)
	r.checkpoint = false
	r.edit("a", cable+"id=before\n")
	r.step(time.Minute, true)
	if r.state() != "a invalid" || len(r.rejected) != 1 || !strings.Contains(r.rejected[0], "went back") {
		t.Errorf("seeds are %s, rejected %q", r.state(), r.rejected)
	}
}

func TestNothingToLose(t *testing.T) {
	r := newRig(t)
	r.status = nm.Status{}
	r.boot("a", cable)
	r.step(time.Minute, true)
	if r.checkpoints != 0 || r.state() != "a applied" {
		t.Errorf("checkpoints %d, seeds %s", r.checkpoints, r.state())
	}
	r = newRig(t)
	r.boot("a", cable)
	r.step(time.Minute, false)
	if r.checkpoints+r.loads != 0 || r.state() != "a applied" || !r.there("a") {
		t.Errorf("without NetworkManager: checkpoints %d, loads %d, seeds %s", r.checkpoints, r.loads, r.state())
	}
}

func TestRefused(t *testing.T) {
	r := newRig(t)
	r.boot("a", cable+"id=refuse\n")
	r.boot("b", cable)
	r.step(time.Minute, true)
	if r.state() != "a invalid, b applied" || r.there("a") || len(r.rejected) != 1 {
		t.Errorf("seeds are %s, rejected %q", r.state(), r.rejected)
	}
	r = newRig(t)
	r.failed = []string{"a"} // although it was verified
	r.boot("a", cable)
	r.step(time.Minute, true)
	if r.state() != "a invalid" || r.there("a") || !r.rolledBack {
		t.Errorf("seeds are %s, rolled back %v", r.state(), r.rolledBack)
	}
}

// TestOneOfTwo loses one connection of two: the file is for a device that had one.
func TestOneOfTwo(t *testing.T) {
	r := newRig(t)
	r.devices = []nm.Device{{Type: "802-3-ethernet", Active: "x"}}
	r.boot("a", cable)
	r.step(short, true)
	if !r.checkpoint || len(r.started) != 1 {
		t.Fatalf("checkpoint %v, started %v", r.checkpoint, r.started)
	}
	time.Sleep(short)
	r.step(time.Minute, true)
	if !r.rolledBack || r.state() != "a invalid" {
		t.Errorf("rolled back %v, seeds %s", r.rolledBack, r.state())
	}
}

// TestKilled ends the program in the middle of a trial. The network does not come
// back, so the next one takes the files back.
func TestKilled(t *testing.T) {
	r := newRig(t)
	r.onLoad = func(m *manager) { m.status = nm.Status{} }
	r.boot("a", cable)
	r.step(time.Minute, true)
	r.restart()
	r.step(short, true)
	if r.state() != "a applied" {
		t.Errorf("seeds are %s", r.state())
	}
	time.Sleep(short)
	r.step(time.Minute, true)
	if r.state() != "a invalid" || r.there("a") {
		t.Errorf("seeds are %s", r.state())
	}
}

func TestStarted(t *testing.T) {
	const (
		eth  = "802-3-ethernet"
		high = "autoconnect-priority=5\n"
	)
	for name, c := range map[string]struct {
		seed   string
		device nm.Device
		want   bool
	}{
		"free":               {cable, nm.Device{Type: eth}, true},
		"made up":            {cable, nm.Device{Type: eth, Active: "x", Priority: -999}, true},
		"device's own":       {cable, nm.Device{Type: eth, Active: "x"}, true},
		"device's preferred": {cable, nm.Device{Type: eth, Active: "x", Priority: 1}, false},
		"other interface":    {cable + "interface-name=eth1\n", nm.Device{Type: eth, Interface: "eth0"}, false},
		"its interface":      {cable + "interface-name=eth0\n", nm.Device{Type: eth, Interface: "eth0"}, true},
		"not by itself":      {cable + "autoconnect=no\n", nm.Device{Type: eth}, false},
		"other type":         {cable, nm.Device{Type: wifi}, false},
		"Wi-Fi in use":       {"[connection]\ntype=wifi\n[wifi]\nssid=a\n", nm.Device{Type: wifi, Active: "x"}, false},
		"Wi-Fi preferred":    {"[connection]\ntype=wifi\n" + high + "[wifi]\nssid=a\n", nm.Device{Type: wifi, Active: "x"}, true},
		"no known type":      {"[connection]\ntype=gsm\n", nm.Device{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.devices = []nm.Device{c.device}
			r.boot("a", c.seed)
			r.step(time.Minute, true)
			if got := len(r.started) > 0; got != c.want {
				t.Errorf("started %v, want %v", r.started, c.want)
			}
		})
	}
	r := newRig(t) // two for one device: the first by rank, then by name
	r.devices = []nm.Device{{Type: eth, Active: "x", Priority: -999}}
	r.boot("a", cable)
	r.boot("b", cable)
	r.boot("c", cable+high)
	r.step(time.Minute, true)
	if len(r.started) != 1 {
		t.Errorf("started %v", r.started)
	}
}

// TestWhere has two network cards: a free one comes before one in use, and what
// NetworkManager refuses on one card is tried on the other.
func TestWhere(t *testing.T) {
	const eth = "802-3-ethernet"
	for name, c := range map[string]struct{ refuses, want []dbus.ObjectPath }{
		"free first": {nil, []dbus.ObjectPath{"/2"}},
		"then taken": {[]dbus.ObjectPath{"/2"}, []dbus.ObjectPath{"/1"}},
		"nowhere":    {[]dbus.ObjectPath{"/1", "/2"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.devices = []nm.Device{{Path: "/1", Type: eth, Active: "x", Priority: -999}, {Path: "/2", Type: eth}}
			r.refuses = c.refuses
			r.boot("a", cable)
			r.step(time.Minute, true)
			if !slices.Equal(r.on, c.want) {
				t.Errorf("started on %v, want %v", r.on, c.want)
			}
		})
	}
}
