package bus

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/godbus/dbus/v5"
)

// maxCalls is how many calls of one client may be under way at a time.
const maxCalls = 16

// A Tree is all objects of one connection. It is given to [Connect], which makes
// it answer; objects can be added and removed at any time.
type Tree struct {
	log *slog.Logger

	mu      sync.Mutex // guards what follows
	conn    *dbus.Conn
	objects map[dbus.ObjectPath]*Object
	calls   map[string]int // under way, by sender
	access  *access
}

// NewTree returns an empty tree. Faults of our own code are logged to log.
func NewTree(log *slog.Logger) *Tree {
	return &Tree{
		log:     log,
		objects: make(map[dbus.ObjectPath]*Object),
		calls:   make(map[string]int),
	}
}

// Add serves object at path. It is an error if something is served there already.
func (t *Tree) Add(path dbus.ObjectPath, object *Object) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !path.IsValid() || t.objects[path] != nil {
		return fmt.Errorf("cannot serve an object at %q: the path is taken or not valid", path)
	}
	t.objects[path] = object
	if t.conn != nil {
		object.announce(t.conn, path)
	}
	return nil
}

// Remove stops serving what is at path.
func (t *Tree) Remove(path dbus.ObjectPath) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.objects, path)
}

// attach tells the tree its connection.
func (t *Tree) attach(conn *dbus.Conn, access *access) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn, t.access = conn, access
	for path, object := range t.objects {
		object.announce(conn, path)
	}
}

func (t *Tree) object(path dbus.ObjectPath) *Object {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.objects[path]
}

// children returns the names right below path, sorted, each once.
func (t *Tree) children(path dbus.ObjectPath) []string {
	prefix := strings.TrimSuffix(string(path), "/") + "/"
	t.mu.Lock()
	defer t.mu.Unlock()
	var names []string
	for p := range t.objects {
		if rest, below := strings.CutPrefix(string(p), prefix); below && rest != "" {
			name, _, _ := strings.Cut(rest, "/")
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// enter counts a call of sender in, unless it has too many under way.
func (t *Tree) enter(sender string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls[sender] >= maxCalls {
		return false
	}
	t.calls[sender]++
	return true
}

func (t *Tree) leave(sender string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.calls[sender]--; t.calls[sender] <= 0 {
		delete(t.calls, sender)
	}
}
