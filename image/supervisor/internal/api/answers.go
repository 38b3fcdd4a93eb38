package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/godbus/dbus/v5"

	"resinos.io/image/supervisor/internal/host"
	"resinos.io/image/supervisor/internal/project"
	"resinos.io/proto/hostname1"
	"resinos.io/proto/state1"
	"resinos.io/proto/update1"
)

// reply is the form of an answer that has no content of its own.
type reply struct {
	Data  string
	Error string
}

var (
	done     = reply{Data: "OK"}
	accepted = reply{Data: "accepted"}

	errBadRequest = errors.New("the request is not understood")
)

func (s *Server) hostConfig(r *http.Request) (any, error) {
	var want struct {
		Network struct {
			Hostname *string `json:"hostname"`
		} `json:"network"`
	}
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	if want.Network.Hostname == nil {
		return nil, errors.Join(errBadRequest, errors.New("network.hostname is missing"))
	}
	return done, s.Host.SetHostname(r.Context(), *want.Network.Hostname)
}

// forced is the request that says only whether locks count.
func forced(r *http.Request) (bool, error) {
	var want struct {
		Force bool `json:"force"`
	}
	err := decode(r, &want)
	return want.Force, err
}

func (s *Server) reboot(r *http.Request) (any, error) {
	force, err := forced(r)
	if err != nil {
		return nil, err
	}
	return accepted, s.Host.Reboot(r.Context(), force)
}

func (s *Server) shutdown(r *http.Request) (any, error) {
	force, err := forced(r)
	if err != nil {
		return nil, err
	}
	return accepted, s.Host.Shutdown(r.Context(), force)
}

func (s *Server) update(r *http.Request) (any, error) {
	job, err := s.Host.Update(r.Context())
	return map[string]string{"job": job}, err
}

func (s *Server) purge(r *http.Request) (any, error) {
	var want struct {
		Scope string `json:"scope"`
	}
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	if want.Scope == "" {
		want.Scope = "data"
	}
	return accepted, s.Host.Purge(r.Context(), want.Scope)
}

func (s *Server) useProject(r *http.Request) (any, error) {
	var want struct {
		Source string `json:"source"`
		Force  bool   `json:"force"`
	}
	if err := decode(r, &want); err != nil {
		return nil, err
	}
	return done, s.Project.Use(r.Context(), want.Source, want.Force)
}

func (s *Server) removeProject(r *http.Request) (any, error) {
	force, err := forced(r)
	if err != nil {
		return nil, err
	}
	return done, s.Project.Remove(r.Context(), force)
}

// defaultLines is how much of a log is sent if nobody says how much.
const defaultLines = 100

func (s *Server) logs(w http.ResponseWriter, r *http.Request) {
	lines, err := strconv.Atoi(r.URL.Query().Get("lines"))
	if err != nil || lines < 1 {
		lines = defaultLines
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.Project.Logs(r.Context(), r.URL.Query().Get("service"), lines, w); err != nil {
		write(w, statusOf(err), reply{Error: err.Error()})
	}
}

// statusOf is the one table from errors to HTTP.
func statusOf(err error) int {
	for is, status := range map[error]int{
		errBadRequest: http.StatusBadRequest, project.ErrInvalid: http.StatusBadRequest,
		project.ErrSource: http.StatusBadGateway, project.ErrNoService: http.StatusNotFound,
		project.ErrLocked: http.StatusLocked, host.ErrLocked: http.StatusLocked,
	} {
		if errors.Is(err, is) {
			return status
		}
	}
	var e dbus.Error
	if !errors.As(err, &e) {
		return http.StatusInternalServerError
	}
	switch e.Name {
	case hostname1.ErrorInvalidHostname, state1.ErrorInvalidScope, update1.ErrorBadSource,
		"org.freedesktop.DBus.Error.InvalidArgs":
		return http.StatusBadRequest
	case update1.ErrorLocked:
		return http.StatusLocked
	case update1.ErrorAlreadyRunning, update1.ErrorNotCommitted, update1.ErrorNoRepository:
		return http.StatusConflict
	case "org.freedesktop.DBus.Error.ServiceUnknown", "org.freedesktop.DBus.Error.NameHasNoOwner":
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func write(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // the client may be gone
}
