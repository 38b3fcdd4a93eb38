// Package key is the secret that a client of the supervisor must know: made once on
// the device, kept in a file for uid 0, and compared in constant time.
package key

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"resinos.io/shared/atomicfile"
)

// bytes is the key's length before it is written as hexadecimal digits.
const bytes = 32

// ErrNoKey means that the file is there and holds no key.
var ErrNoKey = errors.New("not a key of 64 hexadecimal digits")

// A Key is the secret.
type Key struct{ sum [sha256.Size]byte }

// Ensure reads the key from the file at path, or makes one if there is none.
func Ensure(path string) (Key, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		secret := make([]byte, bytes)
		_, _ = rand.Read(secret) // never fails, see crypto/rand
		data = []byte(hex.EncodeToString(secret) + "\n")
		err = atomicfile.Write(path, data, 0o600)
	}
	if err != nil {
		return Key{}, fmt.Errorf("cannot have an API key: %w", err)
	}
	text := strings.TrimSpace(string(data))
	if secret, err := hex.DecodeString(text); err != nil || len(secret) != bytes {
		return Key{}, fmt.Errorf("cannot use %s: %w", path, ErrNoKey)
	}
	return Key{sha256.Sum256([]byte(text))}, nil
}

// Is reports whether text is the key, in a time that tells nothing about it.
func (k Key) Is(text string) bool {
	sum := sha256.Sum256([]byte(text))
	return subtle.ConstantTimeCompare(sum[:], k.sum[:]) == 1
}
