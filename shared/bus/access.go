package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/godbus/dbus/v5"
)

// credentialsTime bounds the question to the bus about a caller.
const credentialsTime = 5 * time.Second

// access tells who a caller is. Only the bus is asked: it took the uid from the
// kernel when the caller connected, and a unique name is never used twice. The
// answer is not kept: privileged calls are rare, and a cache would have to be
// told of every client that leaves.
type access struct {
	conn *dbus.Conn
}

func (a *access) uid(ctx context.Context, sender string) (uint32, error) {
	ctx, cancel := context.WithTimeout(ctx, credentialsTime)
	defer cancel()
	credentials := make(map[string]dbus.Variant)
	call := a.conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.GetConnectionCredentials", 0, sender)
	if err := call.Store(&credentials); err != nil {
		return 0, fmt.Errorf("cannot read the credentials of %s: %w", sender, err)
	}
	uid, ok := credentials["UnixUserID"].Value().(uint32)
	if !ok {
		return 0, fmt.Errorf("cannot read the credentials of %s: the bus knows no uid", sender)
	}
	return uid, nil
}
