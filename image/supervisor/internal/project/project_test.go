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
	"testing"

	"resinos.io/image/supervisor/internal/project"
)

// engine remembers containers and what was done.
type engine struct {
	containers []project.Container
	did        []string
	noImage    string // an image that cannot be had
}

func (e *engine) List(context.Context) ([]project.Container, error) {
	return slices.Clone(e.containers), nil
}

func (e *engine) Pull(_ context.Context, image string) error {
	if image == e.noImage {
		return errors.New("no such image")
	}
	return nil
}

func (e *engine) Start(_ context.Context, s project.Service) error {
	e.did = append(e.did, "start "+s.Name)
	id := fmt.Sprint(s.Name, len(e.did))
	e.containers = append(e.containers, project.Container{ID: id, Service: s.Name, Hash: s.Hash, State: "running"})
	return nil
}

func (e *engine) Remove(_ context.Context, id string) error {
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
	if !slices.Equal(e.did, did) {
		t.Errorf("did %q, want %q", e.did, did)
	}
	e.did = nil
}

func newProject(t *testing.T) (*project.Project, *engine) {
	e := &engine{}
	return &project.Project{Engine: e, Dir: t.TempDir(), Fetch: project.Fetch}, e
}

func use(t *testing.T, p *project.Project, compose string) error {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.Dir, "compose.yaml"), []byte(compose), 0o600); err != nil {
		t.Fatal(err)
	}
	return p.Use(t.Context(), "compose.yaml")
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
	if err := p.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.expect(t)
	if err := use(t, p, strings.Replace(two, "web:1", "web:2", 1)); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "remove web", "start web")

	again := &project.Project{Engine: &engine{}, Dir: p.Dir}
	if err := again.Apply(t.Context()); err != nil {
		t.Fatal(err)
	}
	states, err := again.Status(t.Context())
	if err != nil || len(states) != 2 || states[1] != (project.State{Service: "web", Image: "web:2", State: "running", IsCurrent: true}) {
		t.Errorf("after a restart: %v, %v", states, err)
	}
	var log bytes.Buffer
	if err := again.Logs(t.Context(), "web", 7, &log); err != nil || !strings.HasPrefix(log.String(), "7 lines of web") {
		t.Errorf("%q, %v", log.String(), err)
	}
	if err := again.Logs(t.Context(), "none", 7, &log); !errors.Is(err, project.ErrNoService) {
		t.Errorf("logs of no service: %v", err)
	}
	if err := p.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "remove store", "remove web")
}

// TestNothingLost: what cannot be had or is refused leaves what runs alone.
func TestNothingLost(t *testing.T) {
	p, e := newProject(t)
	if err := use(t, p, two); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "start store", "start web")
	e.noImage = "web:3"
	if err := use(t, p, strings.Replace(two, "web:1", "web:3", 1)); err == nil {
		t.Error("an image that is not there is no error")
	}
	e.expect(t)
	for name, compose := range map[string]string{
		"no YAML": "services: [", "a build": "services: {a: {build: .}}", "no image": "services: {a: {command: x}}",
		"the host's processes": "services: {a: {image: x, pid: host}}", "a network": "services: {a: {image: x, networks: [n]}}\nnetworks: {n: {}}",
		"a circle": "services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}",
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
	if err := p.Use(t.Context(), server.URL+"/compose.yaml"); err != nil {
		t.Fatal(err)
	}
	e.expect(t, "start store", "start web")
	for _, source := range []string{"", "none.yaml", "../../etc/passwd", "/etc/passwd", server.URL + "/none", server.URL + "/large", "http://[bad"} {
		if err := p.Use(t.Context(), source); !errors.Is(err, project.ErrSource) {
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
