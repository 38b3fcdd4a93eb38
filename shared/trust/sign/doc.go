// Package sign makes and changes the metadata of an update repository: the other
// half of package trust, which says how a repository looks.
//
// Private keys are in a folder of their own, one file each, ROLE-N.pem (PKCS #8,
// mode 0600), beside root.json, the first root, which images ship. A role is
// signed with all of its keys that are there, so that most of them may be kept
// elsewhere: the root's are needed to rotate keys and to renew the root only.
//
// It promises that a client never sees half of a change: everything that new
// metadata names is there before timestamp.json is renamed over the old one,
// which is the last thing that happens. It signs nothing that it finds in the
// repository and that its own keys have not signed before, and nothing that is
// older than what it has seen there (kept in the folder "known" of the keys). One
// process at a time may change a repository: the caller holds a lock.
package sign

import (
	"errors"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

var (
	// ErrKeys is wrapped when keys are missing, unreadable or already there.
	ErrKeys = errors.New("signing keys")
	// ErrNoRepository is wrapped when there is no repository yet.
	ErrNoRepository = errors.New("no update repository here")
)

// A Role is one of the four of the framework.
type Role = string

// Roles returns the four roles, the root first.
func Roles() []Role {
	return []Role{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP}
}

// A Policy says how many keys a role has and needs, and how long what they sign
// is believed.
type Policy struct {
	Keys, Threshold int
	Valid           time.Duration
}

// DefaultPolicy returns 2 of 3 keys for the root, one for each of the others.
// The timestamp's time is how long an attacker who controls the network can keep
// a new release from a device unnoticed, and how long the owner may be away.
func DefaultPolicy(role Role) Policy {
	const day = 24 * time.Hour
	switch role {
	case metadata.ROOT:
		return Policy{3, 2, 2 * 365 * day}
	case metadata.TIMESTAMP:
		return Policy{1, 1, 30 * day}
	}
	return Policy{1, 1, 365 * day}
}
