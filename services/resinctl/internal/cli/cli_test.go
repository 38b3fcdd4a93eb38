package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/contract"
	"resinos.io/proto/hostname1"
	"resinos.io/proto/service1"
	"resinos.io/proto/state1"
	"resinos.io/proto/update1"
	"resinos.io/proto/update1job"
	"resinos.io/services/resinctl/internal/cli"
	"resinos.io/services/resinctl/internal/terminal"
	"resinos.io/shared/bus"
	"resinos.io/shared/bustest"
)

var update = flag.Bool("update", false, "write the golden files anew")

const jobPath = update1.Path + "/job/1"

// A world is a bus with the real contracts served by fakes: no systemd, no
// network, no journal and no splash.
type world struct {
	t    *testing.T
	bus  *bustest.Bus
	root string
	host *bus.Object
	job  *bus.Object

	mu   sync.Mutex
	did  []string
	fail error
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, bus: bustest.Start(t), root: t.TempDir()}
	w.file("/usr/lib/os-release", "VERSION_ID=2.0.0+rev1-dev\nVARIANT_ID=\"development\"\n")
	w.file("/mnt/boot/config.json", `{"hostname": "kitchen", "os": {"update": {"url": "https://example.com"}}, "a.b": [1, 2]}`)
	host := w.serve(hostname1.BusName, hostname1.Path, face(hostname1.Contract(), map[string]any{
		"Hostname": "kitchen", "DesiredHostname": "kitchen", "Source": "config", "MdnsName": "kitchen-2", "MdnsState": "collision",
		"Uuid": "0123456789abcdef0123456789abcdef",
	}, bus.Methods{"SetHostname": w.setHostname}),
		service("degraded", service1.Problem{What: "/hostname", Why: "bad\x1b[31m name"}))
	w.mu.Lock()
	w.host = host
	w.mu.Unlock()
	w.serve(state1.BusName, state1.Path, face(state1.Contract(), map[string]any{
		"Binds": []state1.Bind{}, "Store": "partition", "PartitionSize": uint64(18 << 20), "PartitionUsed": uint64(3 << 20),
		"DataSize": uint64(8 << 30), "DataUsed": uint64(1 << 30), "Usage": []state1.Usage{}, "PurgePending": "data",
		"PurgeProgress": uint32(100), "PurgeRemaining": uint64(0),
	}, bus.Methods{
		"Purge":       func(_ context.Context, scope string, _ map[string]dbus.Variant) error { return w.do("purge " + scope) },
		"CancelPurge": func(context.Context) error { return w.do("cancel purge") },
	}), service("ready"))
	w.job = w.updater()
	return w
}

// setHostname gives the host its name a little later, as on a busy device.
func (w *world) setHostname(_ context.Context, name string, _ map[string]dbus.Variant) error {
	values := map[string]any{"Hostname": name, "DesiredHostname": name, "Source": "config"}
	if name == "" {
		values = map[string]any{"Hostname": "0123456", "DesiredHostname": "0123456", "Source": "uuid"}
	}
	w.mu.Lock()
	host := w.host
	w.mu.Unlock()
	time.AfterFunc(300*time.Millisecond, func() {
		if err := host.Properties(hostname1.Interface).Set(values); err != nil {
			w.t.Error(err)
		}
	})
	return w.do("name " + name)
}

// updater serves Update1 with a job, and returns the job.
func (w *world) updater() *bus.Object {
	found := func(context.Context, map[string]dbus.Variant) (map[string]dbus.Variant, error) {
		return map[string]dbus.Variant{"version": dbus.MakeVariant("2.1.0"), "size": dbus.MakeVariant(uint64(700 << 20))}, w.do("check")
	}
	install := func(_ context.Context, source string, o map[string]dbus.Variant) (dbus.ObjectPath, error) {
		return jobPath, w.do("install " + source + " " + strings.Join(names(o), " "))
	}
	conn := w.connect(update1.Path, face(update1.Contract(), map[string]any{
		"CurrentVersion": "2.0.0+rev1-dev", "AvailableVersion": "2.1.0", "BootedSlot": "A", "PrimarySlot": "A", "TryPending": false,
		"LastRollbackReason": "the engine did not answer", "ActiveJob": dbus.ObjectPath("/"),
		"Slots": []map[string]dbus.Variant{
			{"slot": dbus.MakeVariant("A"), "version": dbus.MakeVariant("2.0.0+rev1-dev"), "state": dbus.MakeVariant("good")},
			{"slot": dbus.MakeVariant("B"), "version": dbus.MakeVariant("1.9.0"), "state": dbus.MakeVariant("failed")},
		},
		"History": []update1.Event{{Time: 1764547200, Event: "rolled back", Version: "1.9.0", Detail: "the engine did not answer"}},
	}, bus.Methods{
		"Check": found, "Install": install,
		"Reboot": func(_ context.Context, o map[string]dbus.Variant) error {
			return w.do("reboot " + strings.Join(names(o), " "))
		},
		"Rollback": func(_ context.Context, o map[string]dbus.Variant) error {
			return w.do("rollback " + strings.Join(names(o), " "))
		},
		"MarkGood": func(context.Context) error { return w.do("mark good") },
		"MarkBad":  func(context.Context, string) error { return w.do("mark bad") },
	}), service("ready"))
	job, err := bus.NewObject(face(update1job.Contract(), map[string]any{
		"State": "done", "Progress": uint32(100), "BytesDone": uint64(700 << 20), "BytesTotal": uint64(700 << 20),
		"BytesDownloaded": uint64(20 << 20), "Message": "installed",
	}, bus.Methods{"Cancel": func(context.Context) error { return w.do("cancel") }}))
	if err == nil {
		err = errors.Join(conn.tree.Add(jobPath, job), bus.Own(w.t.Context(), conn.conn, update1.BusName))
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return job
}

func names(options map[string]dbus.Variant) []string {
	var out []string
	for _, name := range []string{"downgrade", "force", "metered", "reboot", "version"} {
		if _, ok := options[name]; ok {
			out = append(out, name)
		}
	}
	return out
}

// face serves a contract; each of its errors is raised by an error of its name.
func face(c contract.Interface, values map[string]any, methods bus.Methods) bus.Interface {
	var table []bus.ErrorName
	seen := map[string]bool{}
	for _, m := range c.Methods {
		for _, name := range m.Errors {
			if !seen[name] {
				table = append(table, bus.ErrorName{Is: named(name), Name: name})
			}
			seen[name] = true
		}
	}
	return bus.Interface{Contract: c, Values: values, Methods: methods, Errors: table}
}

// named is an error that goes over the bus under its own text.
type named string

func (n named) Error() string { return string(n) }

func service(state string, problems ...service1.Problem) bus.Interface {
	return face(service1.Contract(), map[string]any{
		"Version": "2.0.0", "State": state, "Problems": append([]service1.Problem{}, problems...), "ConfigSource": "file", "AppliedAt": uint64(1),
	}, bus.Methods{"Reconcile": func(context.Context) error { return nil }})
}

type connection struct {
	tree *bus.Tree
	conn *dbus.Conn
	main *bus.Object
}

func (w *world) connect(path dbus.ObjectPath, faces ...bus.Interface) connection {
	w.t.Helper()
	tree := bus.NewTree(slog.New(slog.DiscardHandler))
	object, err := bus.NewObject(faces...)
	if err == nil {
		err = tree.Add(path, object)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	conn, err := bus.Connect(w.bus.Address, tree)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	return connection{tree, conn, object}
}

func (w *world) serve(name string, path dbus.ObjectPath, faces ...bus.Interface) *bus.Object {
	w.t.Helper()
	c := w.connect(path, faces...)
	if err := bus.Own(w.t.Context(), c.conn, name); err != nil {
		w.t.Fatal(err)
	}
	return c.main
}

// do notes what a service was told.
func (w *world) do(what string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did = append(w.did, strings.TrimSpace(what))
	return w.fail
}

// told returns what the services were told since the last time.
func (w *world) told() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	did := strings.Join(w.did, "; ")
	w.did = nil
	return did
}

// failWith makes every method of the services fail with err.
func (w *world) failWith(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

func (w *world) file(path, text string) {
	w.t.Helper()
	path = filepath.Join(w.root, path)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		w.t.Fatal(err)
	}
}

// run types a command and returns what it said, and its exit status.
func (w *world) run(args ...string) (out, said string, status int) {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	app := &cli.App{
		Version: "2.0.0", Connect: bus.Connect, Out: &terminal.Output{Writer: &stdout, Columns: 80}, Err: &stderr,
		In: strings.NewReader("n\n"),
	}
	status = app.Run(w.t.Context(), append([]string{"--bus", w.bus.Address, "--root", w.root}, args...))
	return stdout.String(), stderr.String(), status
}

// TestGolden holds the text and the JSON of what is shown against files.
func TestGolden(t *testing.T) {
	w := newWorld(t)
	for _, args := range []string{"status", "doctor", "hostname", "config get", "update status", "update history", "update check"} {
		for _, form := range []string{"text", "json"} {
			words := strings.Fields(args)
			if form == "json" {
				words = append(words, "--json")
			}
			out, said, _ := w.run(words...)
			got := hideAddresses(t, form, out) + said
			file := filepath.Join("testdata", strings.ReplaceAll(args, " ", "-")+"."+form)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s (go test -update writes %s):\n%s\nwant\n%s", strings.Join(words, " "), file, got, want)
			}
		}
	}
}

// hideAddresses takes out what this machine's network makes different, and
// holds JSON to be one value.
func hideAddresses(t *testing.T, form, out string) string {
	t.Helper()
	if form == "json" {
		var value any
		if err := json.Unmarshal([]byte(out), &value); err != nil {
			t.Errorf("%v: %s", err, out)
		}
		if object, ok := value.(map[string]any); ok && object["addresses"] != nil {
			object["addresses"] = []string{"hidden"}
			text, _ := json.MarshalIndent(object, "", "  ") // it was read from JSON
			return string(text) + "\n"
		}
		return out
	}
	var kept []string
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "addresses ") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
