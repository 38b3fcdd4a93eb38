package api_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/godbus/dbus/v5"

	"resinos.io/image/supervisor/internal/api"
	"resinos.io/image/supervisor/internal/host"
	"resinos.io/image/supervisor/internal/project"
	"resinos.io/proto/hostname1"
	"resinos.io/proto/update1"
)

// device remembers what it was told, and answers with err.
type device struct {
	told string
	err  error
}

func (d *device) say(what string) error { d.told = what; return d.err }

func (d *device) Describe(context.Context) host.Device {
	return host.Device{Name: "kitchen", OSVersion: "2.0.0"}
}

func (d *device) Reboot(_ context.Context, force bool) error {
	if force {
		return d.say("reboot with force")
	}
	return d.say("reboot")
}

func (d *device) Shutdown(_ context.Context, force bool) error {
	return d.say(map[bool]string{true: "shutdown with force", false: "shutdown"}[force])
}

func (d *device) Update(context.Context) (string, error)        { return "/job/_1", d.say("update") }
func (d *device) Purge(_ context.Context, scope string) error   { return d.say("purge " + scope) }
func (d *device) SetHostname(_ context.Context, n string) error { return d.say("name " + n) }

// applications is a project that answers with err.
type applications struct{ err error }

func (a applications) Status(context.Context) (project.Status, error) {
	return project.Status{Services: []project.State{{Service: "web", State: "running"}}}, a.err
}
func (a applications) Use(context.Context, string, bool) error { return a.err }
func (a applications) Remove(context.Context, bool) error      { return a.err }
func (a applications) Logs(_ context.Context, service string, _ int, to io.Writer) error {
	if service != "web" {
		return project.ErrNoService
	}
	_, err := io.WriteString(to, "a line")
	return err
}

type secret string

func (s secret) Is(text string) bool { return string(s) == text }

func request(t *testing.T, s *api.Server, method, path, body, key string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	return w.Code, strings.TrimSpace(w.Body.String())
}

func newServer(d *device, a applications, healthy error) *api.Server {
	return &api.Server{
		Host: d, Project: a, Key: secret("key"), Log: slog.New(slog.DiscardHandler),
		Healthy: func(context.Context) error { return healthy },
	}
}

func TestRequests(t *testing.T) {
	for _, c := range []struct {
		method, path, body string
		status             int
		answer, told       string
	}{
		{"GET", "/ping", "", 200, "OK", ""},
		{"GET", "/v1/healthy", "", 200, `"OK"`, ""},
		{"GET", "/v1/device", "", 200, `"device_name":"kitchen"`, ""},
		{"PATCH", "/v1/device/host-config", `{"network":{"hostname":"garage"}}`, 200, `"OK"`, "name garage"},
		{"PATCH", "/v1/device/host-config", `{"network":{}}`, 400, "missing", ""},
		{"PATCH", "/v1/device/host-config", `{"network":{"hostname":1}}`, 400, "not understood", ""},
		{"PATCH", "/v1/device/host-config", `{"proxy":{}}`, 400, "unknown field", ""},
		{"POST", "/v1/reboot", "", 202, "accepted", "reboot"},
		{"POST", "/v1/reboot", `{"force":true}`, 202, "accepted", "reboot with force"},
		{"POST", "/v1/reboot", `{"force":`, 400, "not understood", ""},
		{"POST", "/v1/shutdown", "", 202, "accepted", "shutdown"},
		{"POST", "/v1/shutdown", `{"force":true}`, 202, "accepted", "shutdown with force"},
		{"POST", "/v1/update", "", 200, `{"job":"/job/_1"}`, "update"},
		{"POST", "/v1/purge", "", 202, "accepted", "purge data"},
		{"POST", "/v1/purge", `{"scope":"all"}`, 202, "accepted", "purge all"},
		{"GET", "/v1/project", "", 200, `"service":"web"`, ""},
		{"PUT", "/v1/project", `{"source":"compose.yaml"}`, 200, `"OK"`, ""},
		{"PUT", "/v1/project", strings.Repeat(" ", 1<<20) + `{}`, 400, "too large", ""},
		{"DELETE", "/v1/project", "", 200, `"OK"`, ""},
		{"GET", "/v1/project/logs?service=web", "", 200, "a line", ""},
		{"GET", "/v1/project/logs?service=none", "", 404, "no such service", ""},
		{"GET", "/v1/reboot", "", 405, "", ""},
		{"GET", "/v2/device", "", 404, "", ""},
	} {
		d := &device{}
		status, answer := request(t, newServer(d, applications{}, nil), c.method, c.path, c.body, "key")
		if status != c.status || !strings.Contains(answer, c.answer) || d.told != c.told {
			t.Errorf("%s %s: %d %s, told %q", c.method, c.path, status, answer, d.told)
		}
	}
}

func TestKey(t *testing.T) {
	for _, path := range []string{
		"GET /v1/device", "POST /v1/reboot", "POST /v1/shutdown", "POST /v1/update", "POST /v1/purge",
		"PATCH /v1/device/host-config", "GET /v1/project", "PUT /v1/project", "DELETE /v1/project", "GET /v1/project/logs",
	} {
		method, path, _ := strings.Cut(path, " ")
		for _, key := range []string{"", "wrong"} {
			d := &device{}
			if status, _ := request(t, newServer(d, applications{}, nil), method, path, "", key); status != 401 || d.told != "" {
				t.Errorf("%s %s with the key %q: %d, told %q", method, path, key, status, d.told)
			}
		}
	}
	if status, _ := request(t, newServer(&device{}, applications{}, nil), "GET", "/v1/device?apikey=key", "", ""); status != 200 {
		t.Errorf("the key as a parameter: %d", status)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{dbus.Error{Name: update1.ErrorLocked}, http.StatusLocked},
		{dbus.Error{Name: update1.ErrorAlreadyRunning}, http.StatusConflict},
		{dbus.Error{Name: hostname1.ErrorInvalidHostname}, http.StatusBadRequest},
		{dbus.Error{Name: "org.freedesktop.DBus.Error.ServiceUnknown"}, http.StatusServiceUnavailable},
		{dbus.Error{Name: "org.example.Other"}, http.StatusInternalServerError},
		{errors.New("other"), http.StatusInternalServerError},
	} {
		if status, _ := request(t, newServer(&device{err: c.err}, applications{}, nil), "POST", "/v1/reboot", "", "key"); status != c.want {
			t.Errorf("%v: %d, want %d", c.err, status, c.want)
		}
	}
	for err, want := range map[error]int{project.ErrInvalid: 400, project.ErrSource: 502, project.ErrLocked: 423, host.ErrLocked: 423} {
		if status, _ := request(t, newServer(&device{}, applications{err}, nil), "PUT", "/v1/project", "{}", "key"); status != want {
			t.Errorf("%v: %d, want %d", err, status, want)
		}
	}
	if status, _ := request(t, newServer(&device{}, applications{}, errors.New("no bus")), "GET", "/v1/healthy", "", ""); status != 503 {
		t.Errorf("not healthy: %d", status)
	}
}
