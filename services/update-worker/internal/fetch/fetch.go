// Package fetch reads files of an update repository: over HTTP or HTTPS, or from a
// folder.
//
// A server may be slow, wrong or hostile. No body is read beyond what the caller
// allows, no transfer may stand still, redirects are few and never lead from
// https to http. What may pass by itself (a broken connection, 5xx, 429) is tried
// again, later and later and never in step with other devices, within a budget
// for the whole run; what will not (4xx) is final at once. The content itself is
// not verified here: that is for whoever knows its hash.
package fetch

import (
	"errors"

	"resinos.io/shared/trust"
	"resinos.io/shared/updatework"
)

var (
	// ErrUnreachable is wrapped when the repository cannot be read, now or at all.
	ErrUnreachable = errors.New("the repository cannot be read")
	// ErrTooLong is wrapped when a file is longer than it may be.
	ErrTooLong = errors.New("the file is longer than it may be")
)

// A Source reads the file at path, relative and with slashes, of at most limit
// bytes. It is also what shared/trust reads metadata through, and wraps
// [trust.ErrNotFound] for a file that is not there.
type Source = trust.Fetcher

// Open returns the repository at place, see [updatework.ParsePlace]. rate is in
// bytes per second; 0 means no limit.
func Open(place string, rate uint64) (Source, error) {
	where, err := updatework.ParsePlace(place)
	switch {
	case err != nil:
		return nil, err
	case where.Folder != "":
		return trust.Dir(where.Folder), nil
	}
	return newHTTP(where.URL, rate), nil
}
