package seeds

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"resinos.io/shared/atomicfile"
)

// An undone is what Begin writes: the files as they were. It has passwords in it.
type undone struct {
	Files   []was    `json:"files"`
	Changes []Change `json:"changes"`
	Boots   []string `json:"boots"` // of Changes
	Note    Note     `json:"note"`
}

type was struct {
	Target  string `json:"target"`
	Content []byte `json:"content"` // nil: there was none
}

// A Note is what the caller has to know again when it was interrupted.
type Note struct {
	Before     int    `json:"before"`     // how much network there was
	Checkpoint string `json:"checkpoint"` // NetworkManager's, "" for none
}

// Begin writes down what the files of a plan are now, durably, with a note that
// Interrupted gives back.
func (s *Store) Begin(plan Plan, note Note) error {
	u := undone{Note: note}
	for _, change := range plan.Changes {
		content, err := read(filepath.Join(s.target, change.Target))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot keep %s: %w", change.Target, err)
		}
		u.Files = append(u.Files, was{change.Target, content})
		u.Changes = append(u.Changes, change)
		u.Boots = append(u.Boots, change.boot)
	}
	text, err := json.Marshal(u)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.undo), 0o700); err != nil {
		return err
	}
	if err := atomicfile.Write(s.undo, text, 0o600); err != nil {
		return err
	}
	s.trying = plan.Changes
	return nil
}

// Carry writes and removes the files of the plan, and returns their paths. It can
// be called again after an error.
func (s *Store) Carry(plan Plan) (paths []string, err error) {
	if err := os.MkdirAll(s.target, 0o700); err != nil {
		return nil, fmt.Errorf("cannot make NetworkManager's folder: %w", err)
	}
	for _, change := range plan.Changes {
		if err := s.put(change.Target, change.Content); err != nil {
			return nil, err
		}
		paths = append(paths, filepath.Join(s.target, change.Target))
	}
	return paths, nil
}

// put writes content to target, or removes it if that is nil.
func (s *Store) put(target string, content []byte) error {
	path := filepath.Join(s.target, target)
	if content == nil {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the connection: %w", err)
		}
		return nil
	}
	return atomicfile.Write(path, content, 0o600)
}

// Keep makes the changes of the plan the ones that were carried.
func (s *Store) Keep(plan Plan) error {
	next, err := s.load()
	if err != nil {
		return err
	}
	for _, change := range plan.Changes {
		if change.Content == nil {
			delete(next.Seeds, change.File)
			continue
		}
		next.set(change.File, entry{
			Boot: change.boot, UUID: change.Connection.UUID, Target: change.Target, Installed: hash(change.Content),
		})
	}
	if err := s.store(next); err != nil {
		return err
	}
	return s.forget()
}

// Reject writes down that a change was not taken, and why, until its file changes.
func (s *Store) Reject(change Change, why string) (Seed, error) {
	next, err := s.load()
	if err != nil {
		return Seed{}, err
	}
	e := next.Seeds[change.File]
	e.Boot, e.Rejected = change.boot, why
	if e.Target == "" {
		e.UUID = change.Connection.UUID
	}
	next.set(change.File, e)
	return Seed{shown(change.File), e.UUID, Invalid, why}, s.store(next)
}

// Undo puts the files back as Begin found them, and rejects what the changes came
// from, with the reason why, until it changes again. It returns the files' paths and what it rejected.
// A connection whose file the owner removed is the device's own from then on.
func (s *Store) Undo(why string) (paths []string, rejected []Seed, err error) {
	u, _, err := s.interrupted()
	if err != nil {
		return nil, nil, err
	}
	for _, f := range u.Files {
		if err := s.put(f.Target, f.Content); err != nil {
			return nil, nil, err
		}
		paths = append(paths, filepath.Join(s.target, f.Target))
	}
	next, err := s.load()
	if err != nil {
		return nil, nil, err
	}
	for i, change := range u.Changes {
		rejected = append(rejected, Seed{shown(change.File), change.Connection.UUID, Invalid, why})
		if change.Content == nil {
			delete(next.Seeds, change.File)
			continue
		}
		e := next.Seeds[change.File]
		if u.Files[i].Content == nil {
			e = entry{UUID: change.Connection.UUID}
		}
		e.Boot, e.Rejected = u.Boots[i], why
		next.set(change.File, e)
	}
	if err := s.store(next); err != nil {
		return paths, rejected, err
	}
	return paths, rejected, s.forget()
}

// InPlace reports whether the files of the plan are still as Carry wrote them.
func (s *Store) InPlace(plan Plan) bool {
	for _, change := range plan.Changes {
		want := ""
		if change.Content != nil {
			want = hash(change.Content)
		}
		if s.hashOf(change.Target) != want {
			return false
		}
	}
	return true
}

// Interrupted returns the plan that Begin wrote down and neither Keep nor Undo ended.
func (s *Store) Interrupted() (plan Plan, note Note, found bool, err error) {
	u, found, err := s.interrupted()
	plan = Plan{Changes: u.Changes}
	for i := range plan.Changes {
		plan.Changes[i].boot = u.Boots[i]
	}
	s.trying = plan.Changes
	return plan, u.Note, found, err
}

func (s *Store) interrupted() (u undone, found bool, err error) {
	text, err := os.ReadFile(s.undo)
	if errors.Is(err, fs.ErrNotExist) {
		return u, false, nil
	}
	if err != nil {
		return u, false, fmt.Errorf("cannot read how to go back: %w", err)
	}
	if json.Unmarshal(text, &u) != nil || len(u.Boots) != len(u.Changes) || len(u.Files) != len(u.Changes) {
		return undone{}, false, s.forget() // nothing that can be used
	}
	return u, true, nil
}

func (s *Store) forget() error {
	s.trying = nil
	if err := os.Remove(s.undo); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot forget how to go back: %w", err)
	}
	return nil
}
