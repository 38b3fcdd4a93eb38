package daemon

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"resinos.io/proto/service1"
	"resinos.io/shared/bus"
	"resinos.io/shared/config"
)

// States of a daemon, as Service1 has them.
const (
	stateStarting = "starting"
	stateReady    = "ready"
	stateDegraded = "degraded"
	stateFailed   = "failed"
)

// Effective is what an apply made of the configuration: read back, not assumed.
type Effective struct {
	Values   map[string]any   // properties of the daemon's own interface
	Problems []config.Problem // what could not be had; Pointer names a key or a part of the system
}

// Apply makes the system what c asks, reads back what is in force now and returns
// it. It does the same again without harm. An error means that the domain as a
// whole could not be applied; it is shown and Apply is called again later.
type Apply func(ctx context.Context, c config.Config) (Effective, error)

// state is where the daemon stands, and what Service1 shows of it.
type state struct {
	daemon *Daemon
	domain Apply
	own    *bus.Properties // of the daemon's own interface
	common *bus.Properties // of Service1

	mu       sync.Mutex
	snapshot config.Snapshot

	problems []service1.Problem // of the last apply, used by the loop only
}

func newState(d *Daemon) *state { return &state{daemon: d} }

// take makes a configuration the one that the next apply uses.
func (s *state) take(snapshot config.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot = snapshot
}

// apply is one turn of the loop.
func (s *state) apply(ctx context.Context) error {
	s.mu.Lock()
	snapshot := s.snapshot
	s.mu.Unlock()
	effective, err := s.domain(ctx, snapshot.Config)
	problems := list(append(s.concerning(snapshot.Problems), effective.Problems...))
	state := stateReady
	switch {
	case err != nil:
		problems = append(problems, service1.Problem{What: s.daemon.Name, Why: err.Error()})
		state = stateFailed
	case len(problems) > 0:
		state = stateDegraded
	}
	s.report(problems)
	if publishErr := s.own.Set(effective.Values); publishErr != nil {
		return publishErr
	}
	publishErr := s.common.Set(map[string]any{
		service1.PropertyState:        state,
		service1.PropertyProblems:     problems,
		service1.PropertyConfigSource: string(snapshot.Source),
		service1.PropertyAppliedAt:    uint64(time.Now().UnixMicro()),
	})
	if err == nil {
		err = publishErr
	}
	return err
}

// concerning returns the problems of the whole file and of our keys.
func (s *state) concerning(problems []config.Problem) []config.Problem {
	return slices.DeleteFunc(slices.Clone(problems), func(p config.Problem) bool {
		return p.Pointer != "" && !slices.ContainsFunc(s.daemon.Keys, func(key string) bool {
			return p.Pointer == key || strings.HasPrefix(p.Pointer, key+"/")
		})
	})
}

// list returns problems as they go over the bus.
func list(problems []config.Problem) []service1.Problem {
	out := []service1.Problem{}
	for _, p := range problems {
		what := p.Pointer
		if what == "" {
			what = "config.json"
		}
		out = append(out, service1.Problem{What: what, Why: p.Reason})
	}
	return out
}

// report logs what changed since the last apply, and only that.
func (s *state) report(problems []service1.Problem) {
	for _, p := range problems {
		if !slices.Contains(s.problems, p) {
			s.daemon.Log.Warn(fmt.Sprintf("%s: %s", p.What, p.Why))
		}
	}
	for _, p := range s.problems {
		if !slices.Contains(problems, p) {
			s.daemon.Log.Info("no longer a problem: " + p.What)
		}
	}
	s.problems = problems
}
