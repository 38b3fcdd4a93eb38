// Package job runs work that takes longer than a method of the bus may, as an
// object that clients can watch and cancel.
//
// One job of a [Manager] runs at a time; a second one is refused, and the error
// names the first. A job that ended stays readable for a minute, for a client that
// was late. Its progress is told at most four times a second, its end at once.
// A job does not outlive its process: what must go on after a restart is the
// domain's to remember.
package job

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"

	"resinos.io/proto/update1job"
	"resinos.io/shared/bus"
)

const (
	keep  = time.Minute            // how long an ended job stays on the bus
	pause = 250 * time.Millisecond // between two reports of progress
)

// ErrRunning is wrapped when a job is to be started while another one runs.
var ErrRunning = errors.New("another job is running")

// A Tree serves objects, as [bus.Tree] does.
type Tree interface {
	Add(path dbus.ObjectPath, object *bus.Object) error
	Remove(path dbus.ObjectPath)
}

// Progress is how far a job is.
type Progress struct {
	Percent                                uint32 // 0 to 100
	BytesDone, BytesTotal, BytesDownloaded uint64
	Message                                string // one line for a person
}

// Work does the job until it is done or ctx ends, and calls report as often as it
// likes.
type Work func(ctx context.Context, report func(Progress)) error

// A Manager runs jobs, as objects below one path. Its methods may be called from
// several goroutines.
type Manager struct {
	tree  Tree
	base  dbus.ObjectPath
	ended func(path dbus.ObjectPath, result, message string)

	mu      sync.Mutex
	last    int             // number of the last job
	running dbus.ObjectPath // "" if none is
}

// NewManager returns a manager of jobs at base/_1, base/_2 and so on. It calls
// ended after each, for a signal on the domain's own interface.
func NewManager(tree Tree, base dbus.ObjectPath, ended func(path dbus.ObjectPath, result, message string)) *Manager {
	return &Manager{tree: tree, base: base, ended: ended}
}

// Start starts work and returns the job's path. The work ends early with ctx,
// which is the daemon's, not the call's.
func (m *Manager) Start(ctx context.Context, work Work) (dbus.ObjectPath, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running != "" {
		return "", fmt.Errorf("cannot start: %w: %s", ErrRunning, m.running)
	}
	ctx, cancel := context.WithCancel(ctx)
	object, err := bus.NewObject(face(cancel))
	if err != nil {
		cancel()
		return "", err
	}
	path := m.base + dbus.ObjectPath(fmt.Sprintf("/_%d", m.last+1))
	if err := m.tree.Add(path, object); err != nil {
		cancel()
		return "", err
	}
	m.last++
	m.running = path
	j := &job{properties: object.Properties(update1job.Interface)}
	go m.run(ctx, cancel, path, j, work)
	return path, nil
}

func (m *Manager) run(ctx context.Context, cancel context.CancelFunc, path dbus.ObjectPath, j *job, work Work) {
	err := work(ctx, j.report)
	result := "done"
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		result = "cancelled"
	case err != nil:
		result = "failed"
	}
	cancel()
	message := j.end(result, err)
	m.mu.Lock()
	m.running = ""
	m.mu.Unlock()
	m.ended(path, result, message)
	time.AfterFunc(keep, func() { m.tree.Remove(path) })
}

func face(cancel context.CancelFunc) bus.Interface {
	return bus.Interface{
		Contract: update1job.Contract(),
		Methods: bus.Methods{update1job.MethodCancel: func(context.Context) error {
			cancel()
			return nil
		}},
		Values: values("running", Progress{}),
	}
}

func values(state string, p Progress) map[string]any {
	return map[string]any{
		update1job.PropertyState:           state,
		update1job.PropertyProgress:        min(p.Percent, 100),
		update1job.PropertyBytesDone:       p.BytesDone,
		update1job.PropertyBytesTotal:      p.BytesTotal,
		update1job.PropertyBytesDownloaded: p.BytesDownloaded,
		update1job.PropertyMessage:         p.Message,
	}
}

// job is one job's properties.
type job struct {
	properties *bus.Properties

	mu   sync.Mutex
	last Progress
	told time.Time
}

// report keeps p, and tells it unless the last report was told just now.
func (j *job) report(p Progress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = p
	if time.Since(j.told) < pause {
		return
	}
	j.told = time.Now()
	_ = j.properties.Set(values("running", p)) // fails only for what the contract does not have
}

// end tells the last report and how the job ended, and returns the message.
func (j *job) end(result string, err error) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case err != nil:
		j.last.Message = err.Error()
	default:
		j.last.Percent = 100
	}
	_ = j.properties.Set(values(result, j.last)) // as in report
	return j.last.Message
}
