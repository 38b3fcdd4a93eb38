// Package project keeps the device's applications: one compose project, read from a
// file or a URL, made to run, and kept so after a restart without the network.
//
// What is asked for is written down before it is applied, with the text of the
// compose file; [Project.Run] makes the engine agree with it: a container whose
// service has not changed is left alone, one whose service changed is replaced, one
// that no service wants is removed. Volumes are never removed.
//
// A key of the compose file that is not understood here is refused with its name,
// before anything is touched: half an application is worse than none.
package project

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"resinos.io/shared/atomicfile"
)

// Name is the compose project's name, the prefix of its containers' names.
const Name = "resin"

// Errors of Use, Remove and Logs.
var (
	ErrInvalid   = errors.New("the compose file is refused")
	ErrSource    = errors.New("the compose file cannot be read")
	ErrNoService = errors.New("no such service runs")
	ErrLocked    = errors.New("an application holds an update lock")
)

// A Container is one that exists in the engine.
type Container struct {
	ID, Service, Hash, State string
}

// An Engine runs containers.
type Engine interface {
	List(ctx context.Context) ([]Container, error) // the newest first
	Pull(ctx context.Context, image string) error  // unless it is there
	Start(ctx context.Context, service Service) error
	Remove(ctx context.Context, id string) error
	Logs(ctx context.Context, id string, lines int, to io.Writer) error
}

// A State is what is known of one service.
type State struct {
	Service   string `json:"service"`
	Image     string `json:"image"`
	State     string `json:"state"`      // as the engine says, "absent" if there is no container
	IsCurrent bool   `json:"is_current"` // the container is what the compose file asks for
}

// A Status is what is known of all of them.
type Status struct {
	Services []State `json:"services"`
	Error    string  `json:"error"` // why not all run as asked for; it is tried again
}

// wanted is what is asked for, as it is kept on disk.
type wanted struct {
	Source  string `json:"source"`
	Compose []byte `json:"compose"` // nil: nothing
}

// A Project is the device's applications. [Project.Run] does the work; the other
// methods may be called by several goroutines.
type Project struct {
	engine Engine
	dir    string
	held   func() (string, error)
	asked  chan request

	mu   sync.Mutex
	last error // of the last attempt
}

// New returns the project whose compose files are in dir, where it also keeps what
// is wanted. held tells which update lock is held, "" for none.
func New(engine Engine, dir string, held func() (string, error)) *Project {
	return &Project{engine: engine, dir: dir, held: held, asked: make(chan request)}
}

func (p *Project) file() string { return filepath.Join(p.dir, "wanted.json") }

// Use makes the compose file at source, a file in the project's folder or an http or
// https URL, the one that runs, and returns when it does. From the moment that it is
// written down, the work goes on without the caller, and after an error it is tried
// again: ErrLocked, which force avoids, postpones what would stop a container.
func (p *Project) Use(ctx context.Context, source string, force bool) error {
	text, err := p.read(ctx, source)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSource, err)
	}
	if _, err := Parse(ctx, text); err != nil {
		return err
	}
	if err := p.write(wanted{source, text}); err != nil {
		return err
	}
	return p.ask(ctx, force)
}

// Remove stops and removes what runs, as Use does. Its volumes stay.
func (p *Project) Remove(ctx context.Context, force bool) error {
	if err := p.write(wanted{}); err != nil {
		return err
	}
	return p.ask(ctx, force)
}

// Status tells of every service that is wanted.
func (p *Project) Status(ctx context.Context) (Status, error) {
	status := Status{Services: []State{}}
	services, err := p.services(ctx)
	if err != nil {
		return status, err
	}
	running, err := p.engine.List(ctx)
	if err != nil {
		return status, err
	}
	for _, s := range services {
		state := State{Service: s.Name, Image: s.Image, State: "absent"}
		for _, c := range running {
			if c.Service == s.Name {
				state.State, state.IsCurrent = c.State, c.Hash == s.Hash
			}
		}
		status.Services = append(status.Services, state)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last != nil {
		status.Error = p.last.Error()
	}
	return status, nil
}

// Logs writes the last lines of a service's log.
func (p *Project) Logs(ctx context.Context, service string, lines int, to io.Writer) error {
	running, err := p.engine.List(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(running, func(c Container) bool { return c.Service == service })
	if at < 0 {
		return fmt.Errorf("%w: %q", ErrNoService, service)
	}
	return p.engine.Logs(ctx, running[at].ID, lines, to)
}

// services returns what is wanted; nothing if nothing was ever asked for.
func (p *Project) services(ctx context.Context) ([]Service, error) {
	data, err := os.ReadFile(p.file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var w wanted
	if err == nil {
		err = json.Unmarshal(data, &w)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read what is wanted: %w", err)
	}
	if w.Compose == nil {
		return nil, nil
	}
	return Parse(ctx, w.Compose)
}

func (p *Project) write(w wanted) error {
	data, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("cannot write down what is wanted: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return atomicfile.Write(p.file(), data, 0o600)
}
