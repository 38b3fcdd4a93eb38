package daemon_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/hostname1"
	"resinos.io/proto/logcontrol1"
	"resinos.io/proto/service1"
	"resinos.io/shared/bus"
	"resinos.io/shared/bustest"
	"resinos.io/shared/config"
	"resinos.io/shared/daemon"
)

// rootVariable makes this test binary the daemon under test.
const rootVariable = "DAEMON_TEST_ROOT"

func TestMain(m *testing.M) {
	if root := os.Getenv(rootVariable); root != "" {
		os.Args = []string{"probe", "--root", root}
		os.Exit(daemon.Main(daemon.Service{
			Name: "probe", Version: "1.2.3", BusName: hostname1.BusName, Path: hostname1.Path, Keys: []string{"/hostname"},
		}, runProbe))
	}
	os.Exit(m.Run())
}

// runProbe is a daemon whose whole domain is to show the name; "fail" cannot be applied.
func runProbe(ctx context.Context, d *daemon.Daemon) error {
	values := make(map[string]any)
	for _, p := range hostname1.Contract().Properties {
		values[p.Name] = ""
	}
	names := []bus.ErrorName{
		{Is: config.ErrInvalidHostname, Name: hostname1.ErrorInvalidHostname},
		{Is: config.ErrSyntax, Name: hostname1.ErrorConfigUnreadable},
		{Is: os.ErrPermission, Name: hostname1.ErrorConfigNotWritten},
	}
	set := func(context.Context, string, map[string]dbus.Variant) error { return nil }
	return d.Serve(ctx, bus.Interface{
		Contract: hostname1.Contract(), Values: values, Errors: names, Methods: bus.Methods{"SetHostname": set},
	}, func(_ context.Context, c config.Config) (daemon.Effective, error) {
		effective := daemon.Effective{Values: map[string]any{"Hostname": c.Hostname}}
		if c.Hostname == "fail" {
			return effective, errors.New("cannot do that")
		}
		return effective, nil
	})
}

// probe is a running daemon under test.
type probe struct {
	bus     *bustest.Bus
	process *exec.Cmd
	config  string
	notify  *net.UnixConn
	log     string
	service *service1.Client
	name    *hostname1.Client
	levels  *logcontrol1.Client
}

func start(t *testing.T, configJSON string, environment ...string) *probe {
	t.Helper()
	root := t.TempDir()
	p := &probe{bus: bustest.Start(t), config: filepath.Join(root, "mnt/boot/config.json"), log: filepath.Join(root, "log")}
	for _, dir := range []string{"mnt/boot", "var/lib/resinos/probe"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	p.write(t, configJSON)
	socket := filepath.Join(root, "notify")
	var err error
	if p.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.notify.Close() })
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.process = exec.Command(os.Args[0])
	p.process.Stderr = log
	p.process.Env = append(os.Environ(), append(environment, rootVariable+"="+root,
		"DBUS_SYSTEM_BUS_ADDRESS="+p.bus.Address, "NOTIFY_SOCKET="+socket)...)
	if err := p.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.process.Process.Kill(); _ = p.process.Wait() })
	client := p.bus.Connect(t)
	p.service = service1.NewClient(client, hostname1.BusName, hostname1.Path)
	p.name = hostname1.NewClient(client)
	p.levels = logcontrol1.NewClient(client, hostname1.BusName, "/org/freedesktop/LogControl1")
	return p
}

func (p *probe) write(t *testing.T, configJSON string) {
	t.Helper()
	if err := os.WriteFile(p.config, []byte(configJSON), 0o600); err != nil {
		t.Fatal(err)
	}
}

// told returns systemd's next message.
func (p *probe) told(t *testing.T) string {
	t.Helper()
	buffer := make([]byte, 100)
	if err := p.notify.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	n, err := p.notify.Read(buffer)
	if err != nil {
		t.Fatalf("systemd was told nothing: %v", err)
	}
	return string(buffer[:n])
}

// await waits until get returns want.
func await[T comparable](t *testing.T, get func(context.Context) (T, error), want T) {
	t.Helper()
	var got T
	var err error
	for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(10 * time.Millisecond) {
		if got, err = get(t.Context()); err == nil && got == want {
			return
		}
	}
	t.Fatalf("got %v, %v; want %v", got, err, want)
}

func TestReadyMeansServedAndApplied(t *testing.T) {
	p := start(t, `{"hostname": "first"}`)
	if told := p.told(t); told != "READY=1" {
		t.Fatalf("systemd was told %q", told)
	}
	// No waiting from here on: ready is ready.
	if name, err := p.name.Hostname(t.Context()); err != nil || name != "first" {
		t.Errorf("the name is %q, %v", name, err)
	}
	if state, err := p.service.State(t.Context()); err != nil || state != "ready" {
		t.Errorf("the state is %q, %v", state, err)
	}
	if version, err := p.service.Version(t.Context()); err != nil || version != "1.2.3" {
		t.Errorf("the version is %q, %v", version, err)
	}
	if applied, err := p.service.AppliedAt(t.Context()); err != nil || time.Since(time.UnixMicro(int64(applied))) > time.Minute {
		t.Errorf("applied at %d, %v", applied, err)
	}
}

func TestStates(t *testing.T) {
	p := start(t, `{"hostname": "first", "dnsServers": 3}`)
	await(t, p.service.State, "ready") // dnsServers is not ours
	p.write(t, `{"hostname": "not valid"}`)
	await(t, p.service.State, "degraded")
	p.write(t, `{"hostname": "fail"}`)
	await(t, p.service.State, "failed")
	problems, err := p.service.Problems(t.Context())
	if want := (service1.Problem{What: "probe", Why: "cannot do that"}); err != nil || !slices.Contains(problems, want) {
		t.Errorf("problems are %v, %v", problems, err)
	}
	p.write(t, `{`)
	await(t, p.service.ConfigSource, "last-good")
	p.write(t, `{"hostname": "second"}`)
	await(t, p.name.Hostname, "second")
	await(t, p.service.State, "ready")
}

func TestReconcileReadsAgain(t *testing.T) {
	p := start(t, `{}`)
	await(t, p.service.State, "ready")
	before, err := p.service.AppliedAt(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := p.service.Reconcile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after, err := p.service.AppliedAt(t.Context()); err != nil || after <= before {
		t.Errorf("applied at %d, before it at %d, %v", after, before, err)
	}
}

func TestALostBusEndsTheProcess(t *testing.T) {
	p := start(t, `{}`)
	await(t, p.service.State, "ready")
	p.bus.Stop()
	err := p.process.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("ended with %v, want status 1", err)
	}
	if log, _ := os.ReadFile(p.log); !strings.Contains(string(log), daemon.ErrBusLost.Error()) {
		t.Errorf("the log is %s", log)
	}
}

func TestTermStopsCleanly(t *testing.T) {
	p := start(t, `{}`)
	if told := p.told(t); told != "READY=1" {
		t.Fatalf("systemd was told %q", told)
	}
	if err := p.process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if told := p.told(t); told != "STOPPING=1" {
		t.Errorf("systemd was told %q", told)
	}
	if err := p.process.Wait(); err != nil {
		t.Errorf("ended with %v", err)
	}
}

// TestWatchdog stops the bus without ending it: no answer, no ping.
func TestWatchdog(t *testing.T) {
	p := start(t, `{}`, "WATCHDOG_USEC=200000")
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if told := p.told(t); told != want {
			t.Fatalf("systemd was told %q, want %q", told, want)
		}
	}
	p.bus.Pause(t)
	if err := p.notify.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	buffer := make([]byte, 100)
	for range 2 { // one may have been under way
		if _, err := p.notify.Read(buffer); errors.Is(err, os.ErrDeadlineExceeded) {
			break
		}
	}
	if err := p.notify.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := p.notify.Read(buffer); err == nil {
		t.Errorf("systemd was told %q though nobody answers on the bus", buffer[:n])
	}
	p.bus.Continue(t)
	if told := p.told(t); told != "WATCHDOG=1" {
		t.Errorf("systemd was told %q", told)
	}
}

func TestLogLevel(t *testing.T) {
	p := start(t, `{}`)
	await(t, p.levels.LogLevel, "info")
	if err := p.levels.SetLogLevel(t.Context(), "debug"); err != nil {
		t.Fatal(err)
	}
	await(t, p.levels.LogLevel, "debug")
	for _, level := range []string{"loud", ""} {
		var e dbus.Error
		if err := p.levels.SetLogLevel(t.Context(), level); !errors.As(err, &e) || e.Name != "org.freedesktop.DBus.Error.InvalidArgs" {
			t.Errorf("level %q: got %v", level, err)
		}
	}
	if err := p.levels.SetLogTarget(t.Context(), "kmsg"); err == nil {
		t.Error("the log went to kmsg")
	}
	await(t, p.levels.SyslogIdentifier, "probe")
}

func TestChangeIsOneSignal(t *testing.T) {
	p := start(t, `{"hostname": "a"}`)
	await(t, p.name.Hostname, "a")
	client := p.bus.Connect(t)
	if err := client.AddMatchSignal(dbus.WithMatchArg(0, hostname1.Interface), dbus.WithMatchMember("PropertiesChanged")); err != nil {
		t.Fatal(err)
	}
	signals := make(chan *dbus.Signal, 100)
	client.Signal(signals)
	for _, name := range []string{"b", "b", "b"} { // the same content three times
		p.write(t, `{"hostname": "`+name+`"}`)
	}
	await(t, p.name.Hostname, "b")
	time.Sleep(300 * time.Millisecond)
	if len(signals) != 1 {
		t.Errorf("%d signals for one change", len(signals))
	}
}
