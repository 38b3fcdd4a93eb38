package atomicfile

import (
	"errors"
	"io/fs"
)

// decide compares the file with a complete side file. That the file can be read
// does not mean that its clusters are its own: after a power cut its entry may
// point to clusters that are free, or to those of the temporary file.
func (t target) decide(j journal, valid func([]byte) error) (Outcome, error) {
	now, perm, err := t.read(t.path, MaxSize)
	switch {
	case errors.Is(err, ErrNotRegular):
		return Nothing, err
	case errors.Is(err, ErrTooLarge): // whatever it is, we have not made it
		return Rejected, t.reject(j)
	case errors.Is(err, fs.ErrNotExist):
		return Committed, t.commit(j, newFilePerm, nil)
	case err != nil: // a broken chain of clusters reads as an input/output error
		return Committed, t.commit(j, max(perm, newFilePerm), nil)
	case j.holds(now):
		return t.decideNew(j, perm)
	case j.replaces(now):
		if err := t.room(len(j.data)); err != nil {
			return Nothing, err // and the old content stays
		}
		return Committed, t.commit(j, perm, nil)
	case valid(now) == nil:
		return Rejected, t.reject(j)
	}
	return Committed, t.commit(j, perm, now)
}

// decideNew is for a file with the new content. If the temporary file is still
// there both entries point to the same clusters, and to remove one would free
// those of the other.
func (t target) decideNew(j journal, perm fs.FileMode) (Outcome, error) {
	shared, err := t.exists(t.tmp())
	switch {
	case err != nil:
		return Nothing, err
	case shared:
		return Committed, t.commit(j, perm, nil)
	}
	return Completed, t.complete()
}

// commit puts the new content in place, keeps the damaged one, if any, and ends
// the change. Before it takes any cluster it gives up those of the file and of
// the temporary file, in this order: either may point to clusters that are free
// and would be given to the new file, to be freed with the old one.
func (t target) commit(j journal, perm fs.FileMode, damaged []byte) error {
	for _, path := range []string{t.path, t.tmp()} {
		if err := t.empty(path); err != nil {
			return err
		}
	}
	if _, err := t.install(t.path, j.data, perm); err != nil {
		return err
	}
	if err := t.keep(t.damaged(), damaged); err != nil {
		return err
	}
	return t.finish()
}
