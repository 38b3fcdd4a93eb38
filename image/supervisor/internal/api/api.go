// Package api is the supervisor's HTTP interface, on port 48484. Paths are those
// that device owners know; every path but /ping and /v1/healthy needs the key, as
// "Authorization: Bearer KEY" or "?apikey=KEY".
//
//	GET    /ping                    "OK" as long as the process answers
//	GET    /v1/healthy              200 if the bus answers, 503 if not
//	GET    /v1/device               name, version, addresses, update
//	PATCH  /v1/device/host-config   {"network":{"hostname":"kitchen"}}
//	POST   /v1/reboot, /v1/shutdown 423 while an application holds an update lock, unless {"force":true}
//	POST   /v1/update               {"job": its path on the bus}
//	POST   /v1/purge                {"scope":"state"|"data"|"all"}
//	GET    /v1/project              what runs of the device's applications, and why not all do
//	PUT    /v1/project              {"source": a file in the supervisor's folder, or a URL}: start or update
//	DELETE /v1/project              stop and remove; both: 423, and done later, while an update lock is held, unless {"force":true}
//	GET    /v1/project/logs         ?service=NAME&lines=100
package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"resinos.io/image/supervisor/internal/host"
	"resinos.io/image/supervisor/internal/project"
)

// maxBody is the largest request, in bytes.
const maxBody = 64 << 10

// A Host is the device.
type Host interface {
	Describe(ctx context.Context) host.Device
	Reboot(ctx context.Context, force bool) error
	Shutdown(ctx context.Context, force bool) error
	Update(ctx context.Context) (job string, err error)
	Purge(ctx context.Context, scope string) error
	SetHostname(ctx context.Context, name string) error
}

// A Project is the device's applications.
type Project interface {
	Status(ctx context.Context) (project.Status, error)
	Use(ctx context.Context, source string, force bool) error
	Remove(ctx context.Context, force bool) error
	Logs(ctx context.Context, service string, lines int, to io.Writer) error
}

// A Server answers requests. All fields are set.
type Server struct {
	Host    Host
	Project Project
	Healthy func(ctx context.Context) error
	Key     interface{ Is(text string) bool }
	Log     *slog.Logger
}

// Handler returns what serves the paths above.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") })
	mux.HandleFunc("GET /v1/healthy", s.healthy)
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET /v1/device":               func(r *http.Request) (any, error) { return s.Host.Describe(r.Context()), nil },
		"PATCH /v1/device/host-config": s.hostConfig,
		"POST /v1/reboot":              s.reboot,
		"POST /v1/shutdown":            s.shutdown,
		"POST /v1/update":              s.update,
		"POST /v1/purge":               s.purge,
		"GET /v1/project":              func(r *http.Request) (any, error) { return s.Project.Status(r.Context()) },
		"PUT /v1/project":              s.useProject,
		"DELETE /v1/project":           s.removeProject,
	} {
		mux.Handle(pattern, s.withKey(s.answer(handle)))
	}
	mux.Handle("GET /v1/project/logs", s.withKey(http.HandlerFunc(s.logs)))
	return mux
}

// withKey lets a request through that has the key.
func (s *Server) withKey(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer {
			text = r.URL.Query().Get("apikey")
		}
		if !s.Key.Is(text) {
			write(w, http.StatusUnauthorized, reply{Error: "the API key is missing or wrong"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) healthy(w http.ResponseWriter, r *http.Request) {
	if err := s.Healthy(r.Context()); err != nil {
		write(w, http.StatusServiceUnavailable, reply{Error: err.Error()})
		return
	}
	write(w, http.StatusOK, done)
}

// answer makes a handler of a function that returns what to send.
func (s *Server) answer(handle func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		value, err := handle(r)
		if err != nil {
			status := statusOf(err)
			s.Log.Info("a request failed", "path", r.URL.Path, "status", status, "error", err)
			write(w, status, reply{Error: err.Error()})
			return
		}
		status := http.StatusOK
		if value == accepted {
			status = http.StatusAccepted
		}
		write(w, status, value)
	})
}

// decode reads the request's JSON into value; no body at all is "{}".
func decode(r *http.Request, value any) error {
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil && !errors.Is(err, io.EOF) {
		return errors.Join(errBadRequest, err)
	}
	return nil
}
