package project

import (
	"context"
	"fmt"
	"slices"
)

// apply makes the engine agree with what is wanted. Without force no container that
// runs is stopped while an update lock is held.
func (p *Project) apply(ctx context.Context, force bool) error {
	services, err := p.services(ctx)
	if err != nil {
		return err
	}
	// All images first: what runs goes on until everything new is there.
	for _, s := range services {
		if err := p.engine.Pull(ctx, s.Image); err != nil {
			return fmt.Errorf("cannot have the image of %s: %w", s.Name, err)
		}
	}
	running, err := p.engine.List(ctx)
	if err != nil {
		return err
	}
	remove, start := plan(services, running)
	if !force {
		if err := p.allowed(remove); err != nil {
			return err
		}
	}
	for _, c := range remove {
		if err := p.engine.Remove(ctx, c.ID); err != nil {
			return fmt.Errorf("cannot remove a container of %s: %w", c.Service, err)
		}
	}
	for _, s := range start {
		if err := p.engine.Start(ctx, s); err != nil {
			return fmt.Errorf("cannot start %s: %w", s.Name, err)
		}
	}
	return nil
}

// plan returns what has to go and what has to come, so that each of services has
// one container that runs and is as it wants it. What others depend on goes last,
// and of what nobody wants any more, what came first.
func plan(services []Service, running []Container) (remove []Container, start []Service) {
	start = slices.Clone(services)
	for _, c := range running {
		at := slices.IndexFunc(start, func(s Service) bool {
			return s.Name == c.Service && s.Hash == c.Hash && c.State == "running"
		})
		if at < 0 {
			remove = append(remove, c)
			continue
		}
		start = slices.Delete(start, at, at+1)
	}
	order := func(c Container) int {
		return slices.IndexFunc(services, func(s Service) bool { return s.Name == c.Service })
	}
	slices.SortStableFunc(remove, func(a, b Container) int { return order(b) - order(a) })
	return remove, start
}

// allowed refuses to stop what runs while a lock is held.
func (p *Project) allowed(remove []Container) error {
	if !slices.ContainsFunc(remove, func(c Container) bool { return c.State == "running" }) {
		return nil
	}
	held, err := p.held()
	if err == nil && held != "" {
		err = fmt.Errorf("%w: %s", ErrLocked, held)
	}
	return err
}
