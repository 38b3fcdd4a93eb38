package project_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"resinos.io/image/supervisor/internal/project"
)

// engine remembers containers and what was done.
type engine struct {
	mu         sync.Mutex
	containers []project.Container
	did        []string
	pull       func(ctx context.Context, image string) error // nil: there at once
}

func (e *engine) List(context.Context) ([]project.Container, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	newest := slices.Clone(e.containers)
	slices.Reverse(newest)
	return newest, nil
}

func (e *engine) Pull(ctx context.Context, image string) error {
	e.mu.Lock()
	pull := e.pull
	e.mu.Unlock()
	if pull == nil {
		return nil
	}
	return pull(ctx, image)
}

func (e *engine) setPull(pull func(ctx context.Context, image string) error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pull = pull
}

func (e *engine) Start(_ context.Context, s project.Service) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.did = append(e.did, "start "+s.Name)
	id := fmt.Sprint(s.Name, len(e.did))
	e.containers = append(e.containers, project.Container{ID: id, Service: s.Name, Hash: s.Hash, State: "running"})
	return nil
}

func (e *engine) Remove(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.containers = slices.DeleteFunc(e.containers, func(c project.Container) bool {
		if c.ID == id {
			e.did = append(e.did, "remove "+c.Service)
		}
		return c.ID == id
	})
	return nil
}

func (e *engine) Logs(_ context.Context, id string, lines int, to io.Writer) error {
	_, err := fmt.Fprintf(to, "%d lines of %s", lines, id)
	return err
}

func (e *engine) expect(t *testing.T, did ...string) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !slices.Equal(e.did, did) {
		t.Errorf("did %q, want %q", e.did, did)
	}
	e.did = nil
}

// place is a project that runs, and the folder its files are in.
type place struct {
	*project.Project
	dir  string
	lock atomic.Pointer[string] // the update lock that is held, nil for none
}

func run(t *testing.T, e *engine, dir string) *place {
	p := &place{dir: dir}
	p.Project = project.New(e, dir, func() (string, error) {
		if held := p.lock.Load(); held != nil {
			return *held, nil
		}
		return "", nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { p.Run(ctx, func(error) {}); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended })
	return p
}

func newProject(t *testing.T) (*place, *engine) {
	e := &engine{}
	return run(t, e, t.TempDir()), e
}

func (p *place) put(t *testing.T, compose string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, "compose.yaml"), []byte(compose), 0o600); err != nil {
		t.Fatal(err)
	}
}

func use(t *testing.T, p *place, compose string) error {
	t.Helper()
	p.put(t, compose)
	return p.Use(t.Context(), "compose.yaml", false)
}

const two = `
services:
  web: {image: "web:1", depends_on: [store], ports: ["8080:80"]}
  store: {image: "store:1", volumes: ["kept:/data"]}
volumes: {kept: {}}
`

// TestLife: started in order, left alone when nothing changed, replaced when it did,
// there again after a restart, removed.
func TestLife(t *testing.T) {
	p, e := newProject(t)
	if err := use(t, p, two); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "start store", "start web")
	if err := use(t, p, two); err != nil {
		t.Fatal(err)
	}
	e.expect(t)
	if err := use(t, p, strings.Replace(two, "web:1", "web:2", 1)); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "remove web", "start web")

	again := run(t, &engine{}, p.dir)
	awaitState(t, again, project.State{Service: "web", Image: "web:2", State: "running", IsCurrent: true})
	var log bytes.Buffer
	if err := again.Logs(t.Context(), "web", 7, &log); err != nil || !strings.HasPrefix(log.String(), "7 lines of web") {
		t.Errorf("%q, %v", log.String(), err)
	}
	if err := again.Logs(t.Context(), "none", 7, &log); !errors.Is(err, project.ErrNoService) {
		t.Errorf("logs of no service: %v", err)
	}
	if err := p.Remove(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "remove web", "remove store")
}

// awaitState waits until the second service is in the state want.
func awaitState(t *testing.T, p *place, want project.State) {
	t.Helper()
	var status project.Status
	var err error
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		status, err = p.Status(t.Context())
		if err == nil && len(status.Services) == 2 && status.Services[1] == want {
			return
		}
	}
	t.Fatalf("it is %+v, %v", status, err)
}

// TestLocked: while an update lock is held, nothing that runs is stopped, unless that
// is forced; when it is let go of, what was asked for is done.
func TestLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, e := newProject(t)
		held := "/locks/a"
		p.lock.Store(&held)
		if err := use(t, p, two); err != nil { // nothing runs yet
			t.Fatal(err)
		}
		e.expect(t, "start store", "start web")
		changed := strings.Replace(two, "web:1", "web:2", 1)
		if err := use(t, p, changed); !errors.Is(err, project.ErrLocked) || !strings.Contains(err.Error(), held) {
			t.Errorf("with a lock: %v", err)
		}
		e.expect(t)
		status, err := p.Status(t.Context())
		if err != nil || !strings.Contains(status.Error, held) || status.Services[1].IsCurrent {
			t.Errorf("%+v, %v", status, err)
		}
		p.lock.Store(nil)
		time.Sleep(2 * time.Minute)
		e.expect(t, "remove web", "start web")
		p.lock.Store(&held)
		if err := p.Remove(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		e.expect(t, "remove web", "remove store")
	})
}

// TestWithoutCaller: who asked may go away while an image is fetched, and who asks for
// something else does not wait for it.
func TestWithoutCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, e := newProject(t)
		synctest.Wait()
		arrived := make(chan struct{})
		e.setPull(func(ctx context.Context, image string) error {
			if image != "web:1" {
				return nil
			}
			select {
			case <-arrived:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
		gone, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p.put(t, two)
		if err := p.Use(gone, "compose.yaml", false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's end gives %v", err)
		}
		if err := use(t, p, strings.Replace(two, "web:1", "web:2", 1)); err != nil {
			t.Fatal(err)
		}
		e.expect(t, "start store", "start web")
		gone, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p.put(t, two)
		if err := p.Use(gone, "compose.yaml", false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the caller's end gives %v", err)
		}
		close(arrived)
		synctest.Wait()
		e.expect(t, "remove web", "start web")
	})
}

// TestNothingLost: what cannot be had or is refused leaves what runs alone.
func TestNothingLost(t *testing.T) {
	p, e := newProject(t)
	if err := use(t, p, two); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "start store", "start web")
	e.setPull(func(_ context.Context, image string) error {
		if image == "web:3" {
			return errors.New("no such image")
		}
		return nil
	})
	if err := use(t, p, strings.Replace(two, "web:1", "web:3", 1)); err == nil {
		t.Error("an image that is not there is no error")
	}
	e.expect(t)
	for name, compose := range map[string]string{
		"no YAML": "services: [", "a build": "services: {a: {build: .}}", "no image": "services: {a: {command: x}}",
		"the host's processes": "services: {a: {image: x, pid: host}}", "a network": "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {}}",
		"a condition":      "services: {a: {image: x, depends_on: {b: {condition: service_healthy}}}, b: {image: x}}",
		"a foreign volume": "services: {a: {image: x, volumes: [\"kept:/v\"]}}\nvolumes: {kept: {external: true}}",
		"a circle":         "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}",
	} {
		if err := use(t, p, compose); !errors.Is(err, project.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.expect(t)
}

func TestSources(t *testing.T) {
	p, e := newProject(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/compose.yaml":
			_, _ = io.WriteString(w, two)
		case "/large":
			_, _ = w.Write(make([]byte, 2<<20))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	if err := p.Use(t.Context(), server.URL+"/compose.yaml", false); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "start store", "start web")
	for _, source := range []string{"", "none.yaml", "../../etc/passwd", "/etc/passwd", server.URL + "/none", server.URL + "/large", "http://[bad"} {
		if err := p.Use(t.Context(), source, false); !errors.Is(err, project.ErrSource) {
			t.Errorf("%q: %v", source, err)
		}
	}
	e.expect(t)
}

// FuzzParse: whatever the file holds, it is refused or every service has an image and a hash.
func FuzzParse(f *testing.F) {
	f.Add([]byte(two))
	f.Add([]byte("services: {a: {image: x, environment: {A: $$b}}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		services, err := project.Parse(t.Context(), text)
		if err != nil {
			return
		}
		for _, s := range services {
			if s.Image == "" || s.Hash == "" || s.Name == "" {
				t.Fatalf("%+v", s)
			}
		}
	})
}
