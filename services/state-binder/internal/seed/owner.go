package seed

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"resinos.io/shared/layout"
)

// ErrNoAccount is wrapped when a declared owner is not in the root's own files.
var ErrNoAccount = errors.New("no such account")

// Adjust gives path the permissions mode, unless 0, and the owner "user" or
// "user:group", unless "". Names are looked up in the root's /etc/passwd and
// /etc/group. What is right already is not written.
func Adjust(root layout.Root, path string, mode uint32, owner string) error {
	var now unix.Stat_t
	if err := unix.Lstat(path, &now); err != nil {
		return fmt.Errorf("cannot look at %s: %w", path, err)
	}
	uid, gid, err := lookUp(root, owner, int(now.Uid), int(now.Gid))
	if err != nil {
		return err
	}
	if uid != int(now.Uid) || gid != int(now.Gid) {
		if err := os.Lchown(path, uid, gid); err != nil {
			return err
		}
	} else if mode == 0 || mode == now.Mode&0o7777 {
		return nil
	}
	if mode == 0 {
		mode = now.Mode & 0o7777 // chown took setuid bits away
	}
	if err := unix.Chmod(path, mode); err != nil {
		return fmt.Errorf("cannot set the permissions of %s: %w", path, err)
	}
	return nil
}

// lookUp returns the numbers of owner, and uid and gid for what it does not name.
func lookUp(root layout.Root, owner string, uid, gid int) (int, int, error) {
	if owner == "" {
		return uid, gid, nil
	}
	user, group, both := strings.Cut(owner, ":")
	uid, err := number(root.Path("/etc/passwd"), user)
	if err != nil || !both {
		return uid, gid, err
	}
	gid, err = number(root.Path("/etc/group"), group)
	return uid, gid, err
}

// number finds the third field of the line that begins with name, as passwd(5)
// and group(5) have it. A name that is a number stands for itself.
func number(file, name string) (int, error) {
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("cannot find %s: %w", name, err)
	}
	return find(string(text), name)
}

func find(accounts, name string) (int, error) {
	for line := range strings.Lines(accounts) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 || fields[0] != name {
			continue
		}
		n, err := strconv.ParseUint(fields[2], 10, 31)
		if err != nil {
			return 0, fmt.Errorf("cannot read the account %s: %w", name, err)
		}
		return int(n), nil
	}
	return 0, fmt.Errorf("%w: %s", ErrNoAccount, name)
}
