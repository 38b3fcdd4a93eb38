package purge

import (
	"errors"
	"fmt"
)

// ErrScope is wrapped by the error for a word that is no scope.
var ErrScope = errors.New("not a scope")

// A Scope says which partitions a purge empties. The zero value is none.
type Scope struct {
	State, Data bool
}

// ParseScope reads "state", "data" or "all".
func ParseScope(word string) (Scope, error) {
	switch word {
	case "state":
		return Scope{State: true}, nil
	case "data":
		return Scope{Data: true}, nil
	case "all":
		return Scope{State: true, Data: true}, nil
	}
	return Scope{}, fmt.Errorf("%w: %q; there are state, data and all", ErrScope, word)
}

// String returns what ParseScope reads, "" for none.
func (s Scope) String() string {
	switch {
	case s.State && s.Data:
		return "all"
	case s.State:
		return "state"
	case s.Data:
		return "data"
	}
	return ""
}

// With returns what is in s or in other.
func (s Scope) With(other Scope) Scope {
	return Scope{State: s.State || other.State, Data: s.Data || other.Data}
}

// Without returns what is in s and not in other.
func (s Scope) Without(other Scope) Scope {
	return Scope{State: s.State && !other.State, Data: s.Data && !other.Data}
}
