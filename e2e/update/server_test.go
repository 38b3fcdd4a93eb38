//go:build vm || container

package update

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// build is the folder that everything is built in.
const build = "../../build"

// server serves a repository and counts what is asked for.
type server struct {
	port int

	mu     sync.Mutex
	chunks map[string]int // how often a chunk was asked for
}

func serve(t *testing.T, dir, address string) *server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{port: listener.Addr().(*net.TCPAddr).Port, chunks: map[string]int{}}
	files := http.FileServer(http.Dir(dir))
	web := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".cacnk") {
			s.mu.Lock()
			s.chunks[r.URL.Path]++
			s.mu.Unlock()
		}
		files.ServeHTTP(w, r)
	})}
	go func() { _ = web.Serve(listener) }() // until it is closed
	t.Cleanup(func() { _ = web.Close() })
	return s
}

// asked returns how many chunks were asked for, and how often one was again.
func (s *server) asked() (chunks, again int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.chunks {
		chunks++
		again += n - 1
	}
	return chunks, again
}

// awaitChunks waits until that many different chunks have been asked for.
func (s *server) awaitChunks(t *testing.T, want int) {
	t.Helper()
	chunks := 0
	for begin := time.Now(); time.Since(begin) < 10*time.Minute; time.Sleep(10 * time.Millisecond) {
		if chunks, _ = s.asked(); chunks >= want {
			return
		}
	}
	t.Fatalf("%d chunks were asked for, want %d", chunks, want)
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s %v: %v: %s", name, args, err, out)
	}
}

// valueOf returns a property as text, of what busctl --json=short prints of it.
func valueOf(out string) (string, error) {
	var value struct{ Data any }
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		return "", fmt.Errorf("cannot read %q: %w", out, err)
	}
	return fmt.Sprint(value.Data), nil
}
