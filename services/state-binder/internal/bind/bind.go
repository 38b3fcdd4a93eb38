// Package bind puts the declared paths in place: what a partition has for a path
// is bound over the root's own, and is made from the root's own the first time.
//
// Promised: what is made is whole or not there, also after a power cut; one path
// that cannot be had does not keep the others; a path on the state partition that
// cannot be kept there is kept in memory, so that the system starts; doing it
// again does nothing. Paths lie in one another: the outer one comes first.
//
// A path is made once. What an update changes below it in the root is not taken
// over, because nobody knows what the owner meant to keep.
package bind

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"resinos.io/services/state-binder/internal/declare"
	"resinos.io/services/state-binder/internal/place"
	"resinos.io/services/state-binder/internal/seed"
	"resinos.io/shared/config"
	"resinos.io/shared/layout"
)

// Errors about one path.
var (
	ErrNoPlace = errors.New("the data partition is not there")
	ErrTarget  = errors.New("the root has no fitting place for it")
)

// A System mounts and syncs.
type System interface {
	Bind(source, target string) error
	Bound(source, target string) bool // target shows source
	Sync(path string) error           // everything on the file system of path
}

// A Binder binds paths below one root.
type Binder struct {
	Root   layout.Root
	State  place.Dir // "" if it cannot be used
	Data   place.Dir // "" if it cannot be used
	Memory place.Dir
	System System
}

// item is a path on its way.
type item struct {
	declare.Bind
	place  place.Dir
	target string
	made   bool // at fresh(), to be renamed to source()
}

func (i *item) source() string { return i.place.Source(i.Path) }
func (i *item) fresh() string  { return i.source() + ".new" }

// All binds every path, and returns what could not be had. binds are sorted by path.
func (b *Binder) All(binds []declare.Bind) []config.Problem {
	var problems []config.Problem
	tell := func(i *item, err error) {
		problems = append(problems, config.Problem{Pointer: i.Path, Reason: fmt.Sprintf("%v (%s)", err, i.Place)})
	}
	for len(binds) > 0 {
		var now []*item
		now, binds = b.round(binds)
		for _, i := range b.prepare(now, tell) {
			if err := b.bind(i); err != nil {
				tell(i, err)
			}
		}
	}
	return problems
}

// round takes the paths that lie in none of the others: what is in them can only
// be looked at when they are bound.
func (b *Binder) round(binds []declare.Bind) (now []*item, later []declare.Bind) {
	for _, bind := range binds {
		if slices.ContainsFunc(binds, func(outer declare.Bind) bool { return outer.Contains(bind) }) {
			later = append(later, bind)
			continue
		}
		now = append(now, &item{Bind: bind, target: b.Root.Path(bind.Path)})
	}
	return now, later
}

// prepare sees to it that every item has a source, and returns those that have.
func (b *Binder) prepare(items []*item, tell func(*item, error)) []*item {
	var ready []*item
	for _, i := range items {
		if err := b.choose(i); err != nil {
			tell(i, err)
			continue
		}
		err := b.ensure(i, tell)
		if err != nil && i.place == b.State && b.State != "" && !errors.Is(err, ErrTarget) {
			tell(i, fmt.Errorf("kept in memory only: %w", err))
			i.place, i.made = b.Memory, false
			err = b.ensure(i, tell)
		}
		if err != nil {
			tell(i, err)
			continue
		}
		ready = append(ready, i)
	}
	return b.commit(ready, tell)
}

// choose says where the item's content is.
func (b *Binder) choose(i *item) error {
	switch {
	case i.Partition == declare.Data && b.Data == "":
		return ErrNoPlace
	case i.Partition == declare.Data:
		i.place = b.Data
	case b.State == "":
		i.place = b.Memory
	default:
		i.place = b.State
	}
	return nil
}

// commit gives the items that were made their names, once all they hold is durable.
func (b *Binder) commit(items []*item, tell func(*item, error)) []*item {
	var committed []*item
	failed := map[place.Dir]error{}
	for _, dir := range []place.Dir{b.State, b.Data, b.Memory} {
		if slices.ContainsFunc(items, func(i *item) bool { return i.made && i.place == dir }) {
			failed[dir] = b.System.Sync(string(dir))
		}
	}
	for _, i := range items {
		err := failed[i.place]
		if i.made && err == nil {
			err = os.Rename(i.fresh(), i.source())
		}
		if i.made && err != nil {
			tell(i, err)
			continue
		}
		committed = append(committed, i)
	}
	for dir, err := range failed {
		if err == nil {
			_ = b.System.Sync(string(dir)) // lost names are made again
		}
	}
	return committed
}

// bind mounts the item, unless it is there.
func (b *Binder) bind(i *item) error {
	if b.System.Bound(i.source(), i.target) {
		return nil
	}
	return b.System.Bind(i.source(), i.target)
}

// ensure looks at both ends of the item and makes what is missing.
func (b *Binder) ensure(i *item, tell func(*item, error)) error {
	if err := ensureTarget(i); err != nil {
		return err
	}
	switch kind, err := kindOf(i.source()); {
	case errors.Is(err, fs.ErrNotExist):
		return b.make(i)
	case err != nil:
		return err
	case kind != i.Kind:
		tell(i, fmt.Errorf("%s is no %s and was moved to %[1]s.damaged", i.source(), i.Kind))
		if err := putAside(i.source()); err != nil {
			return err
		}
		return b.make(i)
	}
	return seed.Adjust(b.Root, i.source(), i.Mode, i.Owner)
}

// make copies the root's own content beside the source's place.
func (b *Binder) make(i *item) error {
	err := errors.Join(os.MkdirAll(filepath.Dir(i.source()), 0o755), os.RemoveAll(i.fresh()))
	if err == nil {
		err = seed.Copy(i.fresh(), i.target)
	}
	if err == nil {
		err = seed.Adjust(b.Root, i.fresh(), i.Mode, i.Owner)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(i.fresh()))
	}
	i.made = true
	return nil
}

func putAside(path string) error {
	return errors.Join(os.RemoveAll(path+".damaged"), os.Rename(path, path+".damaged"))
}
