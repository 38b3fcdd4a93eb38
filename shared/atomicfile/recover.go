package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// An Outcome is what Recover found and did.
type Outcome string

// The outcomes of Recover.
const (
	// Nothing means that no change was interrupted.
	Nothing Outcome = "nothing to recover"
	// Committed means that the new content was put in place.
	Committed Outcome = "committed the interrupted change"
	// Completed means that the new content was in place already.
	Completed Outcome = "the interrupted change was complete"
	// Rejected means that the file was changed by somebody else meanwhile: it
	// stays, and the content of the change is kept beside it as *.rejected.
	Rejected Outcome = "the file was changed meanwhile and stays"
	// Discarded means that the side file was no use; the file was not touched.
	Discarded Outcome = "discarded an incomplete side file"
)

// newFilePerm is for a file that is to be made and did not exist before.
const newFilePerm fs.FileMode = 0o600

// Recover finishes or drops a Replace of path that was interrupted. valid says
// whether a content makes sense; a file that does not is taken for a victim of
// the interruption: it is kept as *.damaged and the new content is put in its
// place. Recover may itself be interrupted at any moment and called again.
func Recover(path string, valid func([]byte) error) (Outcome, error) {
	outcome, err := target{disk{}, path}.recover(valid)
	if err != nil {
		return outcome, fmt.Errorf("cannot recover %s: %w", path, err)
	}
	return outcome, nil
}

// Finish is [Recover] for a file of which any content makes sense.
func Finish(path string) error {
	_, err := Recover(path, func([]byte) error { return nil })
	return err
}

func (t target) recover(valid func([]byte) error) (Outcome, error) {
	text, _, err := t.read(t.side(), journalMax)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Nothing, t.removeTmp()
	case err != nil && !errors.Is(err, ErrTooLarge) && !errors.Is(err, unix.EIO):
		return Nothing, err
	}
	// A side file of which only the removal was interrupted can read as an
	// input/output error. It is no use, as one that is torn.
	j, err := decodeJournal(text)
	if err != nil || valid(j.data) != nil {
		return Discarded, errors.Join(t.removeTmp(), t.drop())
	}
	return t.decide(j, valid)
}

// complete makes durable what may so far only be in the page cache.
func (t target) complete() error {
	if err := syncPath(t.ops, t.path, file.Sync); err != nil {
		return err
	}
	if err := syncPath(t.ops, filepath.Dir(t.path), file.Sync, file.SyncFS); err != nil {
		return err
	}
	return t.finish()
}

// reject keeps the new content beside the file and ends the change.
func (t target) reject(j journal) error {
	if err := t.removeTmp(); err != nil {
		return err
	}
	if err := t.keep(t.rejected(), j.data); err != nil {
		return err
	}
	return t.finish()
}

// keep writes data at path unless it is there or holds nothing to read.
func (t target) keep(path string, data []byte) error {
	if len(bytes.Trim(data, "\x00 \t\r\n")) == 0 {
		return nil
	}
	if now, _, err := t.read(path, MaxSize); err == nil && bytes.Equal(now, data) {
		return syncPath(t.ops, path, file.Sync)
	}
	_, err := t.install(path, data, newFilePerm)
	return err
}

// finish removes the temporary file and then, last of all, the side file.
func (t target) finish() error {
	if err := t.removeTmp(); err != nil {
		return err
	}
	return t.forget()
}

// removeTmp removes a temporary file that an interruption left behind.
func (t target) removeTmp() error {
	err := t.remove(t.tmp())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return t.syncDir()
}
