package seeds

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"resinos.io/services/netseed/internal/keyfile"
)

// Scan compares the boot partition with what was carried, and says what is to be
// done. What is rejected is written down; nothing else changes.
func (s *Store) Scan() (Plan, error) {
	plan := Plan{Connections: make(map[string]keyfile.Connection)}
	next, err := s.load()
	if err != nil {
		return plan, err
	}
	names, present, err := s.list()
	if err != nil || !present {
		return plan, err
	}
	taken := s.uuids() // of every file in NetworkManager's folder
	for _, name := range next.names() {
		if slices.Contains(names, name) {
			continue
		}
		e := next.Seeds[name]
		if e.Target == "" || s.hashOf(e.Target) != e.Installed {
			delete(next.Seeds, name) // the device's own by now, or never there
			continue
		}
		plan.Changes = append(plan.Changes, Change{File: name, Target: e.Target})
		delete(taken, e.Target)
	}
	seen := make(map[string]string) // uuid -> name on the boot partition
	for _, name := range names {
		s.look(name, next, &plan, taken, seen)
	}
	return plan, s.store(next)
}

// list returns the names on the boot partition that may be connections.
func (s *Store) list() (names []string, present bool, err error) {
	entries, err := os.ReadDir(s.boot)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("cannot list the connection files: %w", err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !ignored(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, true, nil
}

// look looks at one file: it adds to the plan, and to next where nothing is to be done.
func (s *Store) look(name string, next *ledger, plan *Plan, taken map[string]string, seen map[string]string) {
	was := next.Seeds[name]
	data, err := read(filepath.Join(s.boot, name))
	if err != nil {
		return // gone, or the card has a fault: what is carried stays
	}
	sum := hash(data)
	content, connection, err := interpret(name, data)
	if err == nil && seen[connection.UUID] != "" {
		err = fmt.Errorf("%w: it has the uuid of %s", keyfile.ErrInvalid, shown(seen[connection.UUID]))
	}
	if err != nil {
		if was.Boot != sum || was.Rejected == "" {
			was.Boot, was.Rejected = sum, reason(err)
			next.set(name, was)
			plan.Rejected = append(plan.Rejected, Seed{shown(name), was.UUID, Invalid, was.Rejected})
		}
		return
	}
	seen[connection.UUID] = name
	plan.Connections[connection.UUID] = connection
	if was.Boot == sum {
		return
	}
	target := was.Target
	if target == "" {
		if target = owner(taken, connection.UUID); target != "" {
			// It is there, though not in the ledger: ours of before, as it was or changed since.
			next.set(name, entry{Boot: sum, UUID: connection.UUID, Target: target, Installed: hash(content)})
			return
		}
		target = free(name, connection.UUID, taken)
	}
	taken[target] = connection.UUID
	plan.Changes = append(plan.Changes, Change{name, target, content, connection, sum})
}

func (l *ledger) set(name string, e entry) {
	if l.Seeds == nil {
		l.Seeds = make(map[string]entry)
	}
	l.Seeds[name] = e
}

// interpret returns the text that NetworkManager is to read.
func interpret(name string, data []byte) ([]byte, keyfile.Connection, error) {
	f, err := keyfile.Parse(data)
	if err != nil {
		return nil, keyfile.Connection{}, err
	}
	c, err := f.Complete(stem(name))
	return f.Bytes(), c, err
}

// stem is a name without what says that it is a connection file.
func stem(name string) string {
	name = shown(name)
	for _, suffix := range []string{".txt", ".nmconnection"} {
		if len(name) > len(suffix) && strings.EqualFold(name[len(name)-len(suffix):], suffix) {
			name = name[:len(name)-len(suffix)]
		}
	}
	return name
}

// reason is what is wrong without what the file should have been.
func reason(err error) string {
	return strings.TrimPrefix(err.Error(), keyfile.ErrInvalid.Error()+": ")
}

// uuids returns the uuids of the files in NetworkManager's folder, by name.
func (s *Store) uuids() map[string]string {
	taken := make(map[string]string)
	entries, err := os.ReadDir(s.target)
	if err != nil {
		return taken // it is made with the first file
	}
	for _, e := range entries {
		taken[e.Name()] = ""
		data, err := read(filepath.Join(s.target, e.Name()))
		if err != nil {
			continue
		}
		if f, err := keyfile.Parse(data); err == nil {
			taken[e.Name()] = strings.ToLower(f.Get("connection", "uuid"))
		}
	}
	return taken
}

func owner(taken map[string]string, uuid string) string {
	for name, has := range taken {
		if has == uuid {
			return name
		}
	}
	return ""
}

// free returns a name in NetworkManager's folder that no other file has.
func free(name, uuid string, taken map[string]string) string {
	base := strings.ReplaceAll(stem(name), "/", "?")
	target := base + ".nmconnection"
	if _, there := taken[target]; there || len(target) > 255 {
		return base[:min(len(base), 200)] + "-" + uuid + ".nmconnection"
	}
	return target
}
