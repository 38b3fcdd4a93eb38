package bus

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/godbus/dbus/v5"
)

// callTime bounds one incoming call, below the 25 seconds after which clients give up.
const callTime = 20 * time.Second

// godbus looks a call up step by step. The steps below find everything, so that
// one place, [call.run], decides what is unknown and under which error name.

// LookupObject implements [dbus.Handler].
func (t *Tree) LookupObject(path dbus.ObjectPath) (dbus.ServerObject, bool) {
	return lookup{tree: t, path: path}, true
}

type lookup struct {
	tree   *Tree
	path   dbus.ObjectPath
	face   string
	member string
}

// LookupInterface implements [dbus.ServerObject].
func (l lookup) LookupInterface(name string) (dbus.Interface, bool) {
	l.face = name
	return l, true
}

// LookupMethod implements [dbus.Interface].
func (l lookup) LookupMethod(name string) (dbus.Method, bool) {
	l.member = name
	return l, true
}

// DecodeArguments implements [dbus.ArgumentDecoder]: the message itself is the argument.
func (l lookup) DecodeArguments(_ *dbus.Conn, sender string, msg *dbus.Message, _ []any) ([]any, error) {
	return []any{call{lookup: l, sender: sender, body: msg.Body}}, nil
}

// Call implements [dbus.Method].
func (lookup) Call(args ...any) ([]any, error) {
	return args[0].(call).run()
}

// NumArguments, NumReturns, ArgumentValue and ReturnValue are asked for only of
// methods that leave decoding to godbus.

// NumArguments implements [dbus.Method].
func (lookup) NumArguments() int { return 0 }

// NumReturns implements [dbus.Method].
func (lookup) NumReturns() int { return 0 }

// ArgumentValue implements [dbus.Method].
func (lookup) ArgumentValue(int) any { return nil }

// ReturnValue implements [dbus.Method].
func (lookup) ReturnValue(int) any { return nil }

// A call is one method call under way.
type call struct {
	lookup
	sender string
	body   []any
}

func (c call) String() string { return fmt.Sprintf("%s.%s on %s", c.face, c.member, c.path) }

// run carries the call out. Every error it returns is a *dbus.Error.
func (c call) run() (out []any, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			c.tree.log.Error("a call ended in a panic", "call", c.String(), "fault", fault, "stack", string(debug.Stack()))
			out, err = nil, newError(errFailed, "internal error in "+c.String())
		}
	}()
	if !c.tree.enter(c.sender) {
		c.closeFiles()
		return nil, newError(errLimitsExceeded, fmt.Sprintf("more than %d calls of one client at a time", maxCalls))
	}
	defer c.tree.leave(c.sender)
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()

	out, table, err := c.route(ctx)
	if err == nil {
		return out, nil
	}
	c.closeFiles()
	e, known := named(err, table)
	if !known {
		c.tree.log.Error("a call failed", "call", c.String(), "error", err)
	}
	return nil, e
}

// closeFiles closes file descriptors that came with a call. A method that fails
// has not kept them.
func (c call) closeFiles() {
	for _, value := range c.body {
		if fd, ok := value.(dbus.UnixFD); ok {
			os.NewFile(uintptr(fd), "").Close()
		}
	}
}
