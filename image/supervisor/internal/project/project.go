// Package project keeps the device's applications: one compose project, read from a
// file or a URL, made to run, and kept so after a restart without the network.
//
// What is asked for is written down before it is applied, with the text of the
// compose file; [Project.Apply] makes the engine agree with it: a container whose
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
	"sync"

	"resinos.io/shared/atomicfile"
)

// Name is the compose project's name, the prefix of its containers' names.
const Name = "resin"

// Errors of Use and Logs.
var (
	ErrInvalid   = errors.New("the compose file is refused")
	ErrSource    = errors.New("the compose file cannot be read")
	ErrNoService = errors.New("no such service runs")
)

// A Container is one that exists in the engine.
type Container struct {
	ID, Service, Hash, State string
}

// An Engine runs containers.
type Engine interface {
	List(ctx context.Context) ([]Container, error)
	Pull(ctx context.Context, image string) error // unless it is there
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

// wanted is what is asked for, as it is kept on disk.
type wanted struct {
	Source  string `json:"source"`
	Compose []byte `json:"compose"` // nil: nothing
}

// A Project is the device's applications. Its methods may be called by several goroutines.
type Project struct {
	Engine Engine
	Dir    string // where files of projects are looked for, and what is wanted is kept
	Fetch  func(ctx context.Context, url string) ([]byte, error)

	mu sync.Mutex
}

func (p *Project) file() string { return filepath.Join(p.Dir, "wanted.json") }

// Use makes the compose file at source, a file in Dir or an http or https URL, the
// one that runs.
func (p *Project) Use(ctx context.Context, source string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
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
	return p.apply(ctx)
}

// Remove stops and removes what runs. Its volumes stay.
func (p *Project) Remove(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.write(wanted{}); err != nil {
		return err
	}
	return p.apply(ctx)
}

// Apply makes the engine agree with what is wanted.
func (p *Project) Apply(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.apply(ctx)
}

func (p *Project) apply(ctx context.Context) error {
	services, err := p.services(ctx)
	if err != nil {
		return err
	}
	// All images first: what runs goes on until everything new is there.
	for _, s := range services {
		if err := p.Engine.Pull(ctx, s.Image); err != nil {
			return fmt.Errorf("cannot have the image of %s: %w", s.Name, err)
		}
	}
	running, err := p.Engine.List(ctx)
	if err != nil {
		return err
	}
	keep := make(map[string]bool)
	for _, c := range running {
		if s, ok := find(services, c.Service); ok && c.Hash == s.Hash && c.State == "running" && !keep[s.Name] {
			keep[s.Name] = true
			continue
		}
		if err := p.Engine.Remove(ctx, c.ID); err != nil {
			return fmt.Errorf("cannot remove a container of %s: %w", c.Service, err)
		}
	}
	for _, s := range services {
		if keep[s.Name] {
			continue
		}
		if err := p.Engine.Start(ctx, s); err != nil {
			return fmt.Errorf("cannot start %s: %w", s.Name, err)
		}
	}
	return nil
}

// Status tells of every service that is wanted.
func (p *Project) Status(ctx context.Context) ([]State, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	services, err := p.services(ctx)
	if err != nil {
		return nil, err
	}
	running, err := p.Engine.List(ctx)
	if err != nil {
		return nil, err
	}
	states := []State{}
	for _, s := range services {
		state := State{Service: s.Name, Image: s.Image, State: "absent"}
		for _, c := range running {
			if c.Service == s.Name {
				state.State, state.IsCurrent = c.State, c.Hash == s.Hash
			}
		}
		states = append(states, state)
	}
	return states, nil
}

// Logs writes the last lines of a service's log.
func (p *Project) Logs(ctx context.Context, service string, lines int, to io.Writer) error {
	running, err := p.Engine.List(ctx)
	if err != nil {
		return err
	}
	for _, c := range running {
		if c.Service == service {
			return p.Engine.Logs(ctx, c.ID, lines, to)
		}
	}
	return fmt.Errorf("%w: %q", ErrNoService, service)
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
	return atomicfile.Write(p.file(), data, 0o600)
}

func find(services []Service, name string) (Service, bool) {
	for _, s := range services {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}
