package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"resinos.io/services/resinctl/internal/terminal"
	"resinos.io/shared/config"
)

// readConfig returns the whole file as one JSON value.
func readConfig(file string) (json.RawMessage, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("cannot read config.json: %w", err)
	}
	if err := config.Check(data); err != nil {
		return nil, fmt.Errorf("cannot read config.json: %w", err)
	}
	return bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))), nil
}

// lookUp returns the value of a key.
func lookUp(data json.RawMessage, key string) (json.RawMessage, error) {
	at, err := pointer(key)
	if err != nil {
		return nil, err
	}
	for token := range strings.SplitSeq(at[1:], "/") {
		name := strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		var object map[string]json.RawMessage
		value, found := json.RawMessage(nil), false
		if json.Unmarshal(data, &object) == nil { // or it is no object, and has no members
			value, found = object[name]
		}
		if !found {
			return nil, fmt.Errorf("cannot get %s: %w", key, errNotSet)
		}
		data = value
	}
	return data, nil
}

// pointer returns key as a JSON pointer (RFC 6901).
func pointer(key string) (string, error) {
	if strings.HasPrefix(key, "/") {
		return key, nil
	}
	if key == "" || strings.HasPrefix(key, ".") || strings.HasSuffix(key, ".") || strings.Contains(key, "..") {
		return "", fmt.Errorf("%w: %q is no key, such as os.update.url or /os/update/url", errUsage, key)
	}
	key = strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
	return "/" + strings.ReplaceAll(key, ".", "/"), nil
}

// plain returns a string without quotes, anything else as it stands.
func plain(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) == nil {
		return terminal.Printable(s)
	}
	return string(value)
}
