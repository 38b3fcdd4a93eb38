// Package access decides who may log in over ssh: the keys of config.json, and
// whether there is a port to knock at.
//
// It promises that a config.json which cannot be read changes nothing: the keys
// that were good last are used. It does not know how sshd is told.
package access

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"resinos.io/shared/config"
)

// owner is the one user who logs in.
const owner = "root"

// Print writes the keys that let user in, in the format of authorized_keys
// (sshd(8)), one a line; nothing for anybody but root.
func Print(w io.Writer, now config.Snapshot, user string) error {
	if user != owner {
		return nil
	}
	for _, key := range now.Config.SSHKeys {
		if _, err := fmt.Fprintln(w, key); err != nil {
			return fmt.Errorf("cannot print the keys: %w", err)
		}
	}
	return nil
}

// A Server is sshd.
type Server interface {
	// RequireKeys makes keys the only way to log in, or leaves that to the
	// variant's own configuration. Sessions go on.
	RequireKeys(ctx context.Context, only bool) error
	// Listen opens or closes the port. Sessions go on.
	Listen(ctx context.Context, on bool) error
}

// An Applier carries os.sshKeys to a Server.
type Applier struct {
	Server Server
	// Open means that the variant lets everybody in while there are no keys.
	Open bool
	Log  *slog.Logger

	said string // the problems that were logged last
}

// Apply makes the server as now wants it. Both steps are tried.
func (a *Applier) Apply(ctx context.Context, now config.Snapshot) error {
	a.log(now)
	keys := len(now.Config.SSHKeys) > 0
	err := a.Server.RequireKeys(ctx, keys)
	if !a.Open {
		err = errors.Join(err, a.Server.Listen(ctx, keys))
	}
	return err
}

// A Store is config.json.
type Store interface {
	Load() config.Snapshot
	Watch(ctx context.Context, changed func(config.Snapshot)) error
}

// Follow applies the configuration, calls ready, applies each change that comes
// within lingering, and once more what is there at the end.
func (a *Applier) Follow(ctx context.Context, store Store, lingering time.Duration, ready func() error) error {
	err := errors.Join(a.Apply(ctx, store.Load()), ready())
	watching, cancel := context.WithTimeout(ctx, lingering)
	defer cancel()
	var late error
	watched := store.Watch(watching, func(now config.Snapshot) { late = a.Apply(ctx, now) })
	if !errors.Is(watched, context.DeadlineExceeded) && !errors.Is(watched, context.Canceled) {
		err = errors.Join(err, watched)
	}
	if ctx.Err() != nil {
		return errors.Join(err, late)
	}
	return errors.Join(err, late, a.Apply(ctx, store.Load()))
}

// log tells what is wrong with the keys, once for each fault.
func (a *Applier) log(now config.Snapshot) {
	var lines []string
	for _, p := range now.Problems {
		if p.Pointer == "" || strings.HasPrefix("/os/sshKeys", p.Pointer) || strings.HasPrefix(p.Pointer, "/os/sshKeys/") {
			lines = append(lines, strings.TrimPrefix(p.Pointer+": "+p.Reason, ": "))
		}
	}
	said := strings.Join(lines, "\n")
	if said != "" && said != a.said {
		a.Log.Warn("config.json: " + strings.ReplaceAll(said, "\n", "; "))
	}
	a.said = said
}
