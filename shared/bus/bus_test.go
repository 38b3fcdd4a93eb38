package bus_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/shared/bus"
	"resinos.io/shared/bustest"
)

var errOurs = errors.New("ours")

// service is an object with the real Hostname1 contract, on a bus of its own.
type service struct {
	bus    *bustest.Bus
	object *bus.Object
	client *dbus.Conn
	log    *lockedBuffer

	mu     sync.Mutex
	method func(ctx context.Context, name string) error
}

func face(s *service) bus.Interface {
	values := make(map[string]any)
	for _, p := range hostname1.Contract().Properties {
		values[p.Name] = ""
	}
	return bus.Interface{
		Contract: hostname1.Contract(),
		Values:   values,
		Methods: bus.Methods{"SetHostname": func(ctx context.Context, name string, options map[string]dbus.Variant) error {
			if err := bus.RejectOptions(options); err != nil {
				return err
			}
			s.mu.Lock()
			method := s.method
			s.mu.Unlock()
			return method(ctx, name)
		}},
		Errors: []bus.ErrorName{
			{Is: errOurs, Name: hostname1.ErrorInvalidHostname},
			{Is: os.ErrNotExist, Name: hostname1.ErrorConfigUnreadable},
			{Is: os.ErrPermission, Name: hostname1.ErrorConfigNotWritten},
		},
	}
}

// does makes method what SetHostname does from now on.
func (s *service) does(method func(context.Context, string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.method = method
}

// lockedBuffer is a log that can be read while it is written.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func start(t *testing.T) *service {
	t.Helper()
	s := &service{bus: bustest.Start(t), log: new(lockedBuffer)}
	s.does(func(context.Context, string) error { return nil })
	tree := bus.NewTree(slog.New(slog.NewTextHandler(s.log, nil)))
	var err error
	if s.object, err = bus.NewObject(face(s)); err != nil {
		t.Fatal(err)
	}
	if err := tree.Add(hostname1.Path, s.object); err != nil {
		t.Fatal(err)
	}
	conn, err := bus.Connect(s.bus.Address, tree)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := bus.Own(t.Context(), conn, hostname1.BusName); err != nil {
		t.Fatal(err)
	}
	s.client = s.bus.Connect(t)
	return s
}

func errorName(err error) string {
	var e dbus.Error
	if errors.As(err, &e) {
		return e.Name
	}
	return ""
}

// TestErrorNames calls what is not there, what is not allowed and what fails.
func TestErrorNames(t *testing.T) {
	s := start(t)
	const std = "org.freedesktop.DBus.Error."
	none := map[string]dbus.Variant{}
	tests := []struct {
		name, path, member string
		args               []any
		fails              error
		want               string
	}{
		{"object", "/io/resinos/Other1", "io.resinos.Hostname1.SetHostname", nil, nil, std + "UnknownObject"},
		{"interface", hostname1.Path, "io.resinos.Other1.Do", nil, nil, std + "UnknownInterface"},
		{"interface of a parent", "/io/resinos", "io.resinos.Hostname1.SetHostname", nil, nil, std + "UnknownInterface"},
		{"method", hostname1.Path, "io.resinos.Hostname1.Do", nil, nil, std + "UnknownMethod"},
		{"too few arguments", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{"a"}, nil, std + "InvalidArgs"},
		{"wrong type", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{uint32(1), none}, nil, std + "InvalidArgs"},
		{"option", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{"a", map[string]dbus.Variant{"x": dbus.MakeVariant(1)}}, nil, std + "InvalidArgs"},
		{"own error", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{"a", none}, errOurs, hostname1.ErrorInvalidHostname},
		{"deadline", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{"a", none}, context.DeadlineExceeded, std + "Timeout"},
		{"no name for it", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{"a", none}, errors.New("?"), std + "Failed"},
		{"property", hostname1.Path, "org.freedesktop.DBus.Properties.Get", []any{hostname1.Interface, "Nope"}, nil, std + "UnknownProperty"},
		{"property's interface", hostname1.Path, "org.freedesktop.DBus.Properties.GetAll", []any{"io.x"}, nil, std + "UnknownInterface"},
		{"read-only", hostname1.Path, "org.freedesktop.DBus.Properties.Set", []any{hostname1.Interface, "Hostname", dbus.MakeVariant("a")}, nil, std + "PropertyReadOnly"},
		{"Properties method", hostname1.Path, "org.freedesktop.DBus.Properties.Do", nil, nil, std + "UnknownMethod"},
		{"success", hostname1.Path, "io.resinos.Hostname1.SetHostname", []any{"a", none}, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.does(func(context.Context, string) error { return test.fails })
			err := s.client.Object(hostname1.BusName, dbus.ObjectPath(test.path)).Call(test.member, 0, test.args...).Err
			if errorName(err) != test.want {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	if !strings.Contains(s.log.String(), "a call failed") {
		t.Error("an error without a name was not logged")
	}
}

func TestAPanicEndsOnlyTheCall(t *testing.T) {
	s := start(t)
	s.does(func(context.Context, string) error { panic("oh") })
	client := hostname1.NewClient(s.client)
	if err := client.SetHostname(t.Context(), "a", nil); errorName(err) != "org.freedesktop.DBus.Error.Failed" {
		t.Errorf("got %v", err)
	}
	if _, err := client.Hostname(t.Context()); err != nil {
		t.Errorf("not answering any more: %v", err)
	}
	if !strings.Contains(s.log.String(), "oh") {
		t.Errorf("the panic was not logged: %s", s.log)
	}
}

// TestOthersMayOnlyRead calls as another uid, for which busctl is run.
func TestOthersMayOnlyRead(t *testing.T) {
	s := start(t)
	var called atomic.Bool
	s.does(func(context.Context, string) error { called.Store(true); return nil })
	busctl := func(args ...string) (string, error) {
		all := append([]string{"--reuid=65534", "--clear-groups", "busctl", "--address=" + s.bus.Address}, args...)
		out, err := exec.CommandContext(t.Context(), "setpriv", all...).CombinedOutput()
		return string(out), err
	}
	out, err := busctl("call", hostname1.BusName, hostname1.Path, hostname1.Interface, "SetHostname", "sa{sv}", "a", "0")
	if err == nil || !strings.Contains(out, "Access denied") {
		t.Errorf("got %v: %s", err, out)
	}
	if called.Load() {
		t.Error("the method was called")
	}
	if out, err := busctl("get-property", hostname1.BusName, hostname1.Path, hostname1.Interface, "Hostname"); err != nil || out != "s \"\"\n" {
		t.Errorf("got %q, %v", out, err)
	}
}

// TestServedIntrospectionIsTheFile looks at what busctl, a client of no
// acquaintance, makes of the object.
func TestServedIntrospectionIsTheFile(t *testing.T) {
	s := start(t)
	busctl := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "busctl", append([]string{"--address=" + s.bus.Address, "--no-pager"}, args...)...).Output()
		if err != nil {
			t.Fatalf("busctl %v: %v", args, err)
		}
		return string(out)
	}
	xml := busctl("introspect", "--xml-interface", hostname1.BusName, hostname1.Path)
	if !strings.Contains(xml, hostname1.Contract().XML) {
		t.Errorf("what is served is not the file:\n%s", xml)
	}
	tree := busctl("tree", "--list", hostname1.BusName)
	if want := "/\n/io\n/io/resinos\n/io/resinos/Hostname1\n"; tree != want {
		t.Errorf("tree is\n%s", tree)
	}
	table := busctl("introspect", hostname1.BusName, hostname1.Path)
	for _, want := range []string{".SetHostname ", "sa{sv}", ".MdnsState ", "emits-change"} {
		if !strings.Contains(table, want) {
			t.Errorf("introspect shows no %q:\n%s", want, table)
		}
	}
}

func TestChangesAreToldOnceAndTogether(t *testing.T) {
	s := start(t)
	signals := make(chan *dbus.Signal, 10)
	if err := s.client.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus.Properties")); err != nil {
		t.Fatal(err)
	}
	s.client.Signal(signals)
	set := func(values map[string]any) {
		if err := s.object.Properties(hostname1.Interface).Set(values); err != nil {
			t.Fatal(err)
		}
	}
	set(map[string]any{"Hostname": "a", "MdnsName": "a", "Uuid": ""})
	set(map[string]any{"Hostname": "a"}) // no change, no signal
	set(map[string]any{"Hostname": "b"})
	for _, want := range []int{2, 1} {
		select {
		case signal := <-signals:
			if changed := signal.Body[1].(map[string]dbus.Variant); len(changed) != want {
				t.Errorf("changed %v, want %d properties", changed, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no signal")
		}
	}
	if err := s.object.Properties(hostname1.Interface).Set(map[string]any{"Hostname": 3}); err == nil {
		t.Error("a value of another type was taken")
	}
}

func TestOneClientHasALimit(t *testing.T) {
	s := start(t)
	release := make(chan struct{})
	s.does(func(context.Context, string) error { <-release; return nil })
	object := s.client.Object(hostname1.BusName, hostname1.Path)
	done := make(chan *dbus.Call, 17)
	for range 17 {
		object.Go("io.resinos.Hostname1.SetHostname", 0, done, "a", map[string]dbus.Variant{})
	}
	if call := <-done; errorName(call.Err) != "org.freedesktop.DBus.Error.LimitsExceeded" {
		t.Errorf("got %v", call.Err)
	}
	close(release)
	for range 16 {
		if call := <-done; call.Err != nil {
			t.Errorf("a call within the limit failed: %v", call.Err)
		}
	}
}

func TestTheNameIsOwnedOnce(t *testing.T) {
	s := start(t)
	if err := bus.Own(t.Context(), s.client, hostname1.BusName); !errors.Is(err, bus.ErrNameTaken) {
		t.Errorf("got %v, want ErrNameTaken", err)
	}
}
