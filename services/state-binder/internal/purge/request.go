package purge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"resinos.io/services/state-binder/internal/place"
	"resinos.io/shared/atomicfile"
)

// Files on the boot partition that ask for a purge. Those with an ending are what
// an editor on a PC makes of them.
const (
	bootState = "purge-state"
	bootData  = "purge-data"
	ending    = ".txt"
)

// Requests are the places where a purge can be asked for.
type Requests struct {
	State place.Dir // the state partition
	Boot  string    // the boot partition
}

// Pending returns what the next boot purges. An error says what could not be
// read beside it.
func (r Requests) Pending() (Scope, error) {
	onState, err := r.onState()
	honoured := r.honoured()
	pending := onState
	for _, file := range r.bootFiles() {
		if !slices.Contains(honoured, identity(file)) {
			pending = pending.With(file.scope)
		}
	}
	return pending, err
}

// Ask adds scope to what is pending, durably. On a full partition the reserve is
// given up for it.
func (r Requests) Ask(scope Scope) error {
	now, err := r.onState()
	if err != nil && !errors.Is(err, ErrScope) { // a garbled request is replaced
		return err
	}
	return r.write(now.With(scope))
}

func (r Requests) write(scope Scope) error {
	text := []byte(scope.String() + "\n")
	err := atomicfile.Write(r.State.Request(), text, 0o644)
	if errors.Is(err, unix.ENOSPC) {
		if err := os.Remove(r.State.Reserve()); err != nil {
			return fmt.Errorf("the state partition is full: %w", err)
		}
		err = atomicfile.Write(r.State.Request(), text, 0o644)
	}
	return err
}

// Cancel takes every request back, durably.
func (r Requests) Cancel() error {
	var errs []error
	for _, file := range r.bootFiles() {
		errs = append(errs, atomicfile.Remove(file.path))
	}
	return errors.Join(append(errs, atomicfile.Remove(r.State.Request()))...)
}

// Done takes back what asked for scope, which was carried out. A request that
// cannot be removed from the boot partition is remembered instead: it must not
// purge the device at every boot.
func (r Requests) Done(scope Scope) error {
	var errs []error
	var stuck []string
	for _, file := range r.bootFiles() {
		if file.scope.Without(scope) != (Scope{}) {
			continue
		}
		if err := atomicfile.Remove(file.path); err != nil {
			errs, stuck = append(errs, err), append(stuck, identity(file))
		}
	}
	if err := r.remember(stuck); err != nil {
		errs = append(errs, err)
	}
	now, err := r.onState()
	switch rest := now.Without(scope); {
	case err != nil && !errors.Is(err, ErrScope):
		errs = append(errs, err)
	case rest == Scope{}:
		errs = append(errs, atomicfile.Remove(r.State.Request()))
	default:
		errs = append(errs, r.write(rest))
	}
	return errors.Join(errs...)
}

// Tidy removes a request that a power cut has left half removed: it is emptied first,
// and one that was asked for is never empty.
func (r Requests) Tidy() error {
	if info, err := os.Lstat(r.State.Request()); err != nil || info.Size() > 0 {
		return nil // there is none, or Pending reads it
	}
	return atomicfile.Remove(r.State.Request())
}

func (r Requests) onState() (Scope, error) {
	text, err := os.ReadFile(r.State.Request())
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 { // see Tidy
		return Scope{}, nil
	}
	if err != nil {
		return Scope{}, fmt.Errorf("cannot read the request for a purge: %w", err)
	}
	scope, err := ParseScope(strings.TrimSpace(string(text)))
	if err != nil {
		return Scope{}, fmt.Errorf("cannot read %s: %w", r.State.Request(), err)
	}
	return scope, nil
}

// bootFile is one request on the boot partition.
type bootFile struct {
	path  string
	scope Scope
	info  fs.FileInfo
}

func (r Requests) bootFiles() []bootFile {
	var files []bootFile
	for name, scope := range map[string]Scope{
		bootState: {State: true}, bootState + ending: {State: true}, bootData: {Data: true}, bootData + ending: {Data: true},
	} {
		path := filepath.Join(r.Boot, name)
		if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
			files = append(files, bootFile{path, scope, info})
		}
	}
	return files
}

// identity tells one request from a later one by the same name.
func identity(f bootFile) string {
	return fmt.Sprintf("%s %d %d", filepath.Base(f.path), f.info.ModTime().UnixNano(), f.info.Size())
}

func (r Requests) honoured() []string {
	text, err := os.ReadFile(r.State.Honoured())
	if err != nil {
		return nil // none, or lost: then the request counts again
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

func (r Requests) remember(stuck []string) error {
	if len(stuck) == 0 {
		return nil
	}
	return atomicfile.Write(r.State.Honoured(), []byte(strings.Join(stuck, "\n")+"\n"), 0o600)
}
