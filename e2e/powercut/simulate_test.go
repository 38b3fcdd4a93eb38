//go:build powercut || vm

package powercut

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"resinos.io/e2e/powercut/job"
	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
)

// A simulator runs the recovery on files of this machine that are what a view
// shows. Views that look the same are recovered once.
type simulator struct {
	dir  string
	next atomic.Int64
	seen map[[sha256.Size]byte]result
}

// A result is what a recovery has left.
type result struct {
	texts []string // config.json, for each way to represent what cannot be read
	fault string   // of the recovery itself, "" if none
}

func newSimulator(dir string) *simulator {
	return &simulator{dir: dir, seen: map[[sha256.Size]byte]result{}}
}

// ways are what a file that cannot be read may be instead: not there, garbage,
// empty. A read that fails is left to the machine: no file here can do that and
// be emptied.
func ways() []func(string) error {
	return []func(string) error{
		func(string) error { return nil },
		func(path string) error { return os.WriteFile(path, []byte("\xa5\xa5{\"garbage"), 0o600) },
		func(path string) error { return os.WriteFile(path, nil, 0o600) },
	}
}

func (s *simulator) recover(v *view) result {
	key := v.key()
	if known, ok := s.seen[key]; ok {
		return known
	}
	var r result
	anyEIO := false
	for _, f := range v.near {
		anyEIO = anyEIO || f.eio
	}
	for _, way := range ways() {
		text, err := s.recoverOnce(v, way)
		r.texts = append(r.texts, text)
		if err != nil {
			r.fault = err.Error()
		}
		if !anyEIO {
			break
		}
	}
	s.seen[key] = r
	return r
}

// recoverOnce returns config.json after the recovery.
func (s *simulator) recoverOnce(v *view, way func(string) error) (string, error) {
	dir := filepath.Join(s.dir, fmt.Sprint(s.next.Add(1)))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := v.write(dir, way); err != nil {
		return "", err
	}
	path := filepath.Join(dir, job.Config)
	if _, err := atomicfile.Recover(path, config.Check); err != nil {
		return "", err
	}
	left, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range left {
		if fault := leftover(entry.Name()); fault != "" {
			return "", fmt.Errorf("%s", fault)
		}
	}
	again, err := atomicfile.Recover(path, config.Check)
	if err != nil || again != atomicfile.Nothing {
		return "", fmt.Errorf("a second recovery: %s, %w", again, err)
	}
	text, err := os.ReadFile(path)
	return string(text), err
}

// leftover says what is wrong with a neighbour of config.json after a recovery.
// A damaged file may be kept for its owner; an edit was never in doubt.
func leftover(name string) string {
	if name == job.Config || strings.EqualFold(name, job.Config+".damaged") {
		return ""
	}
	return name + " is left behind"
}
