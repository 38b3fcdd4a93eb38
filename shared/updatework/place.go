package updatework

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// ErrPlace is wrapped when a text does not say where a repository could be.
var ErrPlace = errors.New("no http, https or file URL, and no absolute path")

// A Place is where a repository is: one of the two fields is set.
type Place struct {
	Folder string // an absolute path
	URL    string // http or https, without a slash at its end
}

// ParsePlace reads what Install and a Request name a repository by: an http, https
// or file URL, or an absolute path.
func ParsePlace(text string) (Place, error) {
	if filepath.IsAbs(text) {
		return Place{Folder: text}, nil
	}
	parsed, err := url.Parse(text)
	if err != nil {
		return Place{}, fmt.Errorf("%w: %.100q", ErrPlace, text)
	}
	switch {
	case parsed.Scheme == "file" && parsed.Host == "" && filepath.IsAbs(parsed.Path):
		return Place{Folder: parsed.Path}, nil
	case (parsed.Scheme == "http" || parsed.Scheme == "https") && parsed.Host != "":
		return Place{URL: strings.TrimSuffix(text, "/")}, nil
	}
	return Place{}, fmt.Errorf("%w: %.100q", ErrPlace, text)
}
