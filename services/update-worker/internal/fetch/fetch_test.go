package fetch

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

// serve opens a repository behind handler, which is retried without long pauses.
func serve(t *testing.T, handler http.HandlerFunc) *web {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	w := newHTTP(server.URL, 0)
	w.pause = time.Millisecond
	return w
}

func TestHostileServers(t *testing.T) {
	var calls atomic.Int32
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		is      error
		calls   int32 // 0: any
	}{
		"404":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, trust.ErrNotFound, 1},
		"403":             {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, ErrUnreachable, 1},
		"503 for ever":    {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, ErrUnreachable, triesPerFile},
		"longer":          {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 11)) }, ErrTooLong, 1},
		"endless":         {endless, ErrTooLong, 1},
		"truncated":       {truncated, ErrUnreachable, triesPerFile},
		"hangs up":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ErrUnreachable, 0},
		"redirect circle": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/x", http.StatusFound) }, ErrUnreachable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			calls.Store(0)
			w := serve(t, func(writer http.ResponseWriter, request *http.Request) {
				calls.Add(1)
				c.handler(writer, request)
			})
			data, err := w.Fetch(t.Context(), "file", 10)
			if !errors.Is(err, c.is) || data != nil {
				t.Errorf("got %d bytes, %v; want %v", len(data), err, c.is)
			}
			if c.calls != 0 && calls.Load() != c.calls {
				t.Errorf("asked %d times, want %d", calls.Load(), c.calls)
			}
		})
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for r.Context().Err() == nil {
		if _, err := w.Write(make([]byte, 1<<10)); err != nil {
			return
		}
	}
}

func truncated(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "9")
	_, _ = w.Write([]byte("12"))
}

func TestABurstOfErrorsPasses(t *testing.T) {
	var calls atomic.Int32
	w := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) < triesPerFile {
			w.WriteHeader(502)
			return
		}
		_, _ = w.Write([]byte("content"))
	})
	if data, err := w.Fetch(t.Context(), "file", 10); err != nil || string(data) != "content" {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestTheBudgetIsForTheRun(t *testing.T) {
	w := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	w.retries = retryBudget
	start := time.Now()
	if _, err := w.Fetch(t.Context(), "file", 10); !errors.Is(err, ErrUnreachable) {
		t.Error(err)
	}
	if time.Since(start) > 10*time.Second {
		t.Error("it went on trying")
	}
}

func TestCancelled(t *testing.T) {
	w := serve(t, endless)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := w.Fetch(ctx, "file", 1<<40); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestNoWayFromHTTPSToHTTP(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) }))
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	w := newHTTP(secure.URL, 0)
	w.pause = time.Millisecond
	w.client.Transport = secure.Client().Transport
	if _, err := w.Fetch(t.Context(), "file", 10); !errors.Is(err, ErrUnreachable) {
		t.Errorf("got %v", err)
	}
}

func TestRate(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 3*burst))
	}))
	defer server.Close()
	start := time.Now()
	if _, err := newHTTP(server.URL, 4*burst).Fetch(t.Context(), "file", 1<<20); err != nil {
		t.Fatal(err)
	}
	// One burst is free, the other two take half a second.
	if took := time.Since(start); took < 400*time.Millisecond {
		t.Errorf("it took %v", took)
	}
}

// TestRateIsNoStall: several transfers that share a low rate each stand still for
// longer than a server may.
func TestRateIsNoStall(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 2*burst))
	}))
	defer server.Close()
	w := newHTTP(server.URL, 4*burst)
	w.stall = 100 * time.Millisecond
	if _, err := w.Fetch(t.Context(), "file", 1<<20); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{dir, "file://" + dir} {
		source, err := Open(place, 0)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := source.Fetch(t.Context(), "file", 10); err != nil || string(data) != "content" {
			t.Errorf("%s: %q, %v", place, data, err)
		}
		if _, err := source.Fetch(t.Context(), "../"+filepath.Base(dir)+"/file", 10); err == nil {
			t.Errorf("%s: a path that leads out is read", place)
		}
	}
	for _, place := range []string{"", "relative", "ftp://x", "file://host/x", "http://"} {
		if _, err := Open(place, 0); !errors.Is(err, updatework.ErrPlace) {
			t.Errorf("%q: %v", place, err)
		}
	}
}
