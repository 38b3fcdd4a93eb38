package device

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"strings"

	"golang.org/x/crypto/ssh"
)

// ownerKey is the key that lets the test into a device that asks for one. It is the
// same in every run, so that a saved state can be logged in to, and opens nothing
// but the tests' own machines.
func ownerKey() (ssh.Signer, error) {
	seed := sha256.Sum256([]byte("the owner of the tests' machines"))
	signer, err := ssh.NewSignerFromSigner(ed25519.NewKeyFromSeed(seed[:]))
	if err != nil {
		return nil, fmt.Errorf("cannot make the owner's key: %w", err)
	}
	return signer, nil
}

// withOwner returns boot with a config.json that has the owner's key, if variant
// lets nobody in without one. A config.json of the test's own stays as it is.
func withOwner(variant string, boot map[string][]byte) (map[string][]byte, error) {
	if _, own := boot["/config.json"]; own || variant != "production" {
		return boot, nil
	}
	signer, err := ownerKey()
	if err != nil {
		return nil, err
	}
	key := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
	text, err := json.Marshal(map[string]any{"os": map[string]any{"sshKeys": []string{key}}})
	if err != nil {
		return nil, err
	}
	with := map[string][]byte{"/config.json": text}
	maps.Copy(with, boot)
	return with, nil
}
