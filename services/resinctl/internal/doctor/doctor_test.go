package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"resinos.io/proto/service1"
	"resinos.io/services/resinctl/internal/device"
	"resinos.io/services/resinctl/internal/doctor"
	"resinos.io/shared/layout"
)

// a patient is a device with one service.
type patient struct {
	unit     device.Unit
	unitErr  error
	owner    uint32
	ownerErr error
	report   device.Report
}

func (p patient) Unit(context.Context, device.Service) (device.Unit, error) { return p.unit, p.unitErr }

func (p patient) Owner(context.Context, string) (uint32, error)     { return p.owner, p.ownerErr }
func (p patient) Ask(context.Context, device.Service) device.Report { return p.report }

// TestExamine has each fault that there is, and holds what is said and advised.
func TestExamine(t *testing.T) {
	running := device.Unit{Load: "loaded", Active: "active", File: "enabled", MainPID: 7}
	well := device.Report{Runs: true, State: "ready", Version: "2.0.0"}
	with := func(change func(*device.Report)) patient {
		p := patient{unit: running, owner: 7, report: well}
		change(&p.report)
		return p
	}
	for name, c := range map[string]struct {
		patient patient
		want    doctor.Verdict
		text    string
		advice  string
	}{
		"well":             {with(func(*device.Report) {}), doctor.Fine, "It works.", ""},
		"no systemd":       {patient{unitErr: device.ErrNoAnswer}, doctor.Fault, "does not answer", "systemctl status dbus"},
		"no bus":           {patient{unit: running, ownerErr: device.ErrNoAnswer}, doctor.Fault, "The bus does not say who owns", "systemctl status dbus"},
		"not installed":    {patient{unit: device.Unit{Load: "not-found"}}, doctor.Note, "not installed: the network is left to others", ""},
		"masked":           {patient{unit: device.Unit{Load: "masked"}}, doctor.Note, "masked", "systemctl unmask netseed"},
		"a bad unit":       {patient{unit: device.Unit{Load: "bad-setting"}}, doctor.Fault, "bad-setting", "systemd-analyze verify netseed.service"},
		"failed":           {patient{unit: device.Unit{Load: "loaded", Active: "failed", Result: "exit-code"}}, doctor.Fault, "It failed: exit-code", "journalctl -b -u netseed"},
		"starting":         {patient{unit: device.Unit{Load: "loaded", Active: "activating"}}, doctor.Note, "starting", "half a minute"},
		"no policy":        {patient{unit: running}, doctor.Fault, "no policy", "io.resinos.Network1.conf is missing"},
		"disabled":         {patient{unit: device.Unit{Load: "loaded", Active: "inactive", File: "disabled"}}, doctor.Note, "disabled", "systemctl start netseed"},
		"stopped":          {patient{unit: device.Unit{Load: "loaded", Active: "inactive", File: "enabled"}}, doctor.Fault, "enabled, but does not run", "systemctl start netseed"},
		"somebody else":    {patient{unit: running, owner: 9}, doctor.Fault, "owned by process 9", "ps 9"},
		"hangs":            {with(func(r *device.Report) { *r = device.Report{Err: device.ErrNoAnswer} }), doctor.Fault, "does not answer", "systemctl restart netseed"},
		"not to be asked":  {with(func(r *device.Report) { *r = device.Report{Err: fmt.Errorf("%w: no", device.ErrNotAllowed)} }), doctor.Fault, "does not let this user", "policy"},
		"another version":  {with(func(r *device.Report) { r.Version = "1.0.0" }), doctor.Fault, "It is version 1.0.0, and resinctl is 2.0.0.", "restart"},
		"could not":        {with(func(r *device.Report) { r.State, r.Problems = "failed", []service1.Problem{{What: "/a", Why: "no"}} }), doctor.Fault, "/a: no", "journalctl"},
		"not all":          {with(func(r *device.Report) { r.State, r.Problems = "degraded", []service1.Problem{{Why: "no"}} }), doctor.Fault, "not all is as configured: no.", "config check"},
		"still starting":   {with(func(r *device.Report) { r.State = "starting" }), doctor.Note, "starting", ""},
		"an error of ours": {with(func(r *device.Report) { *r = device.Report{Err: errors.New("odd")} }), doctor.Fault, "odd", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := doctor.Doctor{Device: c.patient, Root: layout.Root(t.TempDir()), Version: "2.0.0"}.Examine(t.Context(), netseed(t))
			if got.Service != "netseed" || got.Verdict != c.want || !strings.Contains(got.Text, c.text) || !strings.Contains(got.Advice, c.advice) {
				t.Errorf("it says %+v, want %s %q and %q", got, c.want, c.text, c.advice)
			}
		})
	}
}

// TestNoName has a policy, and a service that does not take its name.
func TestNoName(t *testing.T) {
	root := layout.Root(t.TempDir())
	policy := root.Path("/usr/share/dbus-1/system.d/io.resinos.Network1.conf")
	if err := errors.Join(os.MkdirAll(filepath.Dir(policy), 0o755), os.WriteFile(policy, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	sick := patient{unit: device.Unit{Load: "loaded", Active: "active", MainPID: 7}}
	got := doctor.Doctor{Device: sick, Root: root}.Examine(t.Context(), netseed(t))
	if got.Verdict != doctor.Fault || !strings.Contains(got.Text, "does not own the name") || !strings.Contains(got.Advice, "systemctl reload dbus") {
		t.Errorf("it says %+v", got)
	}
}

func netseed(t *testing.T) device.Service {
	t.Helper()
	for _, s := range device.Services() {
		if s.Name == "netseed" {
			return s
		}
	}
	t.Fatal("there is no netseed")
	return device.Service{}
}
