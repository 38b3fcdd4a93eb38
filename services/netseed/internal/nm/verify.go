package nm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// ErrRefused is wrapped when NetworkManager would not take a connection file.
var ErrRefused = errors.New("NetworkManager refuses it")

// Verify has NetworkManager's own library read a connection file, by way of nmcli
// with --offline (since 1.40), which works without the daemon and says what is
// wrong, as the daemon's LoadConnections does not. Where there is no nmcli nothing
// is verified: Load tells then, without the reason.
func Verify(ctx context.Context, content []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	// Something has to be changed: autoconnect, in the copy that is thrown away.
	command := exec.CommandContext(ctx, "nmcli", "--offline", "connection", "modify", "connection.autoconnect", "no")
	command.Stdin = bytes.NewReader(content)
	command.Env = []string{"PATH=/usr/sbin:/usr/bin", "LC_ALL=C.UTF-8"}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	err := command.Run()
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrNotFound):
		return nil
	case errors.As(err, &exit) && exit.Exited() && stderr.Len() > 0:
		return fmt.Errorf("%w: %s", ErrRefused, said(stderr.String()))
	}
	return fmt.Errorf("cannot verify a connection file: %w", err)
}

// said is the first line of what nmcli complained about, without its own words.
func said(text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	for _, own := range []string{"Error: ", "Error writing connection: ", "Error parsing connection: "} {
		text = strings.TrimPrefix(text, own)
	}
	return strings.ToValidUTF8(text, "?")
}
