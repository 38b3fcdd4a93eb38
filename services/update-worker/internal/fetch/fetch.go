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
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"resinos.io/shared/trust"
)

var (
	// ErrUnreachable is wrapped when the repository cannot be read, now or at all.
	ErrUnreachable = errors.New("the repository cannot be read")
	// ErrTooLong is wrapped when a file is longer than it may be.
	ErrTooLong = errors.New("the file is longer than it may be")
	// ErrSource is wrapped when a text is no repository.
	ErrSource = errors.New("no http, https or file URL, and no absolute path")
)

// A Source reads the file at path, relative and with slashes, of at most limit
// bytes. It is also what shared/trust reads metadata through, and wraps
// [trust.ErrNotFound] for a file that is not there.
type Source = trust.Fetcher

// Open returns the repository at place. rate is in bytes per second; 0 means no limit.
func Open(place string, rate uint64) (Source, error) {
	if filepath.IsAbs(place) {
		return trust.Dir(place), nil
	}
	parsed, err := url.Parse(place)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSource, err)
	}
	switch {
	case parsed.Scheme == "file" && parsed.Host == "" && filepath.IsAbs(parsed.Path):
		return trust.Dir(parsed.Path), nil
	case (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != "":
		return newHTTP(strings.TrimSuffix(place, "/"), rate), nil
	}
	return nil, fmt.Errorf("%w: %.100q", ErrSource, place)
}
