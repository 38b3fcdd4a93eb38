package job_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/update1job"
	"resinos.io/shared/bus"
	"resinos.io/shared/bustest"
	"resinos.io/shared/job"
)

const busName = "io.resinos.Update1"

// ending is what a manager tells of an ended job.
type ending struct {
	path            dbus.ObjectPath
	result, message string
}

// start returns a manager that serves on a bus, a client's connection there, and
// the endings of its jobs.
func start(t *testing.T) (*job.Manager, *dbus.Conn, <-chan ending) {
	t.Helper()
	b := bustest.Start(t)
	tree := bus.NewTree(slog.New(slog.DiscardHandler))
	conn, err := bus.Connect(b.Address, tree)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := bus.Own(t.Context(), conn, busName); err != nil {
		t.Fatal(err)
	}
	endings := make(chan ending, 10)
	m := job.NewManager(tree, "/io/resinos/Update1/job", func(path dbus.ObjectPath, result, message string) {
		endings <- ending{path, result, message}
	})
	return m, b.Connect(t), endings
}

func TestAJobFromStartToEnd(t *testing.T) {
	m, client, endings := start(t)
	release := make(chan struct{})
	path, err := m.Start(t.Context(), func(_ context.Context, report func(job.Progress)) error {
		report(job.Progress{Percent: 40, BytesDone: 4, BytesTotal: 10, Message: "writing"})
		<-release
		report(job.Progress{Percent: 90, BytesDone: 9, BytesTotal: 10, Message: "checking"})
		return nil
	})
	if err != nil || path != "/io/resinos/Update1/job/_1" {
		t.Fatalf("got %s, %v", path, err)
	}
	j := update1job.NewClient(client, busName, path)
	await(t, j.Progress, 40)
	await(t, j.State, "running")
	if _, err := m.Start(t.Context(), nil); !errors.Is(err, job.ErrRunning) || !strings.Contains(err.Error(), string(path)) {
		t.Errorf("a second job: %v", err)
	}
	close(release)
	if end := <-endings; end != (ending{path, "done", "checking"}) {
		t.Errorf("ended with %v", end)
	}
	await(t, j.State, "done") // it can still be read
	await(t, j.Progress, 100)
	await(t, j.BytesDone, 9)
	if next, err := m.Start(t.Context(), func(context.Context, func(job.Progress)) error { return nil }); err != nil || next == path {
		t.Errorf("the next job: %s, %v", next, err)
	}
}

func TestCancel(t *testing.T) {
	m, client, endings := start(t)
	path, err := m.Start(t.Context(), func(ctx context.Context, _ func(job.Progress)) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	j := update1job.NewClient(client, busName, path)
	for range 2 { // the second time it has ended
		if err := j.Cancel(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if end := <-endings; end.result != "cancelled" {
		t.Errorf("ended with %v", end)
	}
	await(t, j.State, "cancelled")
}

func TestFailure(t *testing.T) {
	m, client, endings := start(t)
	path, err := m.Start(t.Context(), func(context.Context, func(job.Progress)) error { return errors.New("no space") })
	if err != nil {
		t.Fatal(err)
	}
	if end := <-endings; end != (ending{path, "failed", "no space"}) {
		t.Errorf("ended with %v", end)
	}
	await(t, update1job.NewClient(client, busName, path).Message, "no space")
}

func TestProgressIsToldFourTimesASecond(t *testing.T) {
	m, client, endings := start(t)
	if err := client.AddMatchSignal(dbus.WithMatchMember("PropertiesChanged")); err != nil {
		t.Fatal(err)
	}
	signals := make(chan *dbus.Signal, 1000)
	client.Signal(signals)
	if _, err := m.Start(t.Context(), func(_ context.Context, report func(job.Progress)) error {
		for i := range 100 {
			report(job.Progress{Percent: uint32(i)})
			time.Sleep(5 * time.Millisecond)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	<-endings
	limit := int(time.Since(start)/(250*time.Millisecond)) + 2 // one at once, one at the end
	time.Sleep(100 * time.Millisecond)
	if n := len(signals); n < 2 || n > limit {
		t.Errorf("%d signals, want 2 to %d", n, limit)
	}
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
