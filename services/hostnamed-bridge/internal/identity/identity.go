// Package identity owns the device's uuid: 32 lower-case hex digits, made once.
//
// config.json is where the uuid is the owner's to see and to set; a copy is kept
// with our state, so that the device stays the same one while config.json is
// missing, broken or not writable. What the owner wrote is never overwritten, not
// even where it is no uuid.
package identity

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"resinos.io/shared/atomicfile"
	"resinos.io/shared/config"
)

// ErrNotStored is wrapped by errors about a uuid that is in use but not where it should be.
var ErrNotStored = errors.New("the uuid is not stored")

// An Editor edits config.json.
type Editor interface {
	Edit(ctx context.Context, edit func(*config.Document) error) error
}

// An Identity is the device's uuid, used by one goroutine.
type Identity struct {
	file   string
	editor Editor
	known  string // what file holds, "" before it was read
}

// New returns the identity whose copy is in the folder state.
func New(state string, editor Editor) *Identity {
	return &Identity{file: filepath.Join(state, "uuid"), editor: editor}
}

// Ensure returns the device's uuid: configured, if that is not "", else the copy's,
// else a new one, and sees to it that both places have it. An error beside a uuid
// says which place has not; the uuid is to be used all the same.
func (i *Identity) Ensure(ctx context.Context, configured string) (string, error) {
	uuid := strings.ToLower(configured)
	if uuid == "" {
		uuid = i.copy()
	}
	if uuid == "" {
		uuid = newUUID()
	}
	return uuid, errors.Join(i.keep(uuid), i.place(ctx, uuid, configured != ""))
}

// copy returns the uuid that our state has, "" if none that is one.
func (i *Identity) copy() string {
	if i.known != "" {
		return i.known
	}
	text, err := os.ReadFile(i.file)
	uuid := strings.TrimSpace(string(text))
	if err != nil || config.ValidUUID(uuid) != nil {
		return "" // absent or damaged: it is written anew
	}
	i.known = uuid
	return uuid
}

func (i *Identity) keep(uuid string) error {
	if i.copy() == uuid {
		return nil
	}
	i.known = uuid // in use from now on, even where it cannot be written
	if err := os.MkdirAll(filepath.Dir(i.file), 0o700); err != nil {
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	if err := atomicfile.Write(i.file, []byte(uuid+"\n"), 0o600); err != nil {
		return fmt.Errorf("%w: %w", ErrNotStored, err)
	}
	return nil
}

// place writes uuid into config.json if there is no key for it.
func (i *Identity) place(ctx context.Context, uuid string, isThere bool) error {
	if isThere {
		return nil
	}
	err := i.editor.Edit(ctx, func(d *config.Document) error {
		if d.Has("/uuid") {
			return nil // the owner's, though not a uuid: Problems says so
		}
		return d.Set("/uuid", uuid)
	})
	if err != nil {
		return fmt.Errorf("%w in config.json: %w", ErrNotStored, err)
	}
	return nil
}

func newUUID() string {
	var id [16]byte
	_, _ = rand.Read(id[:])   // never fails, see crypto/rand
	id[6] = id[6]&0x0f | 0x40 // RFC 9562, version 4
	id[8] = id[8]&0x3f | 0x80 // and variant
	return hex.EncodeToString(id[:])
}
