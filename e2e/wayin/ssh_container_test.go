//go:build container

package wayin

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/container"
)

const (
	soon = 20 * time.Second
	// graceTime is LoginGraceTime and what a slow machine takes on top.
	graceTime = time.Minute
)

// ssh is the device's own client, which meets the device's own server.
const ssh = "ssh -p 22222 -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10 -o IdentitiesOnly=yes "

const (
	withA   = ssh + "-i /run/keys/a root@127.0.0.1 "
	withB   = ssh + "-i /run/keys/b root@127.0.0.1 "
	keyless = ssh + "-o PubkeyAuthentication=no root@127.0.0.1 "
)

// TestSSH goes through what an owner does with os.sshKeys, on a device that is
// open without keys.
func TestSSH(t *testing.T) {
	c := container.Start(t, container.Options{Boot: map[string][]byte{"config.json": []byte("{}")}})
	s := newStory(t, c)

	t.Run("open without a key", func(t *testing.T) { s.in(t, keyless) })
	s.session(t, "first", keyless)
	t.Run("by key only with keys", func(t *testing.T) {
		s.write(t, keys(s.a, s.b))
		s.awaitOut(t, keyless)
		s.in(t, withA)
		s.in(t, withB)
		s.alive(t, "first")
	})
	t.Run("a key taken out", func(t *testing.T) {
		s.write(t, keys(s.b))
		s.out(t, withA) // at once: nothing has to run for it
		s.in(t, withB)
	})
	t.Run("broken files", func(t *testing.T) { s.broken(t) })
	t.Run("nobody else", func(t *testing.T) {
		s.out(t, strings.ReplaceAll(withB, "root@", "daemon@"))
	})
	t.Run("open again", func(t *testing.T) {
		s.write(t, "{}")
		s.awaitIn(t, keyless)
		s.alive(t, "first")
	})
	t.Run("half-open connections", func(t *testing.T) { s.halfOpen(t) })
}

type story struct {
	*testing.T
	c    *container.Container
	a, b string // public keys
}

// newStory makes two keys in the device.
func newStory(t *testing.T, c *container.Container) *story {
	t.Helper()
	c.MustRun(t, "mkdir -m 700 /run/keys && for k in a b; do ssh-keygen -q -t ed25519 -N '' -C $k -f /run/keys/$k; done")
	return &story{T: t, c: c, a: c.MustRun(t, "cat /run/keys/a.pub"), b: c.MustRun(t, "cat /run/keys/b.pub")}
}

func keys(lines ...string) string {
	text, _ := json.Marshal(map[string]any{"os": map[string]any{"sshKeys": lines}}) // strings alone
	return string(text)
}

func (s *story) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.c.Boot, "config.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *story) in(t *testing.T, login string) {
	t.Helper()
	if out, err := s.c.Run(t.Context(), login+"id -un"); err != nil || out != "root" {
		t.Errorf("cannot log in: %q, %v", out, err)
	}
}

func (s *story) out(t *testing.T, login string) {
	t.Helper()
	if out, err := s.c.Run(t.Context(), login+"id -un"); err == nil {
		t.Errorf("somebody came in as %s: %s", out, login)
	}
}

func (s *story) awaitIn(t *testing.T, login string)  { t.Helper(); s.await(t, login, true, soon) }
func (s *story) awaitOut(t *testing.T, login string) { t.Helper(); s.await(t, login, false, soon) }

func (s *story) await(t *testing.T, login string, want bool, within time.Duration) {
	t.Helper()
	var err error
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if _, err = s.c.Run(t.Context(), login+"true"); (err == nil) == want {
			return
		}
	}
	t.Errorf("after %v logging in gives %v, want success to be %v", within, err, want)
}

// session opens a session that says all the time that it lives.
func (s *story) session(t *testing.T, name, login string) {
	t.Helper()
	s.c.MustRun(t, "setsid "+login+"'while sleep 0.1; do date +%s%N >/run/"+name+"; done' </dev/null >/dev/null 2>&1 &")
	s.alive(t, name)
}

func (s *story) alive(t *testing.T, name string) {
	t.Helper()
	before, _ := s.c.Run(t.Context(), "cat /run/"+name) // not there yet the first time
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if now, err := s.c.Run(t.Context(), "cat /run/"+name); err == nil && now != before && now != "" {
			return
		}
	}
	t.Errorf("the session %s is dead", name)
}

// broken puts every kind of file there that is none: the key that was good stays.
func (s *story) broken(t *testing.T) {
	for name, text := range map[string]string{
		"half": `{"os":{"sshKeys":["`, "empty": "", "no key": `{"os":{"sshKeys":["slip"]}}`, "no list": `{"os":{"sshKeys":{}}}`,
	} {
		s.write(t, text)
		time.Sleep(1500 * time.Millisecond) // what follows config.json has seen it
		if _, err := s.c.Run(t.Context(), withB+"true"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.out(t, keyless)
	}
	s.c.MustRun(t, "systemctl restart ssh-access ssh")
	s.awaitIn(t, withB)
	s.out(t, keyless)
}

// TestProduction has a port only while there is a key, and then only by key.
func TestProduction(t *testing.T) {
	c := container.Start(t, container.Options{Variant: "production", Boot: map[string][]byte{"config.json": []byte("{}")}})
	s := newStory(t, c)
	const listens = "ss -Hltn sport = 22222 | wc -l"
	s.awaitText(t, listens, "0")
	s.write(t, keys(s.a))
	s.awaitIn(t, withA)
	s.out(t, keyless)
	s.session(t, "second", withA)
	s.write(t, `{"os":`)
	time.Sleep(3 * time.Second)
	s.in(t, withA)
	s.write(t, `{}`)
	s.awaitText(t, listens, "0")
	s.alive(t, "second")
	// Many changes, one after the other: the last one counts.
	for range 20 {
		s.write(t, keys(s.a))
		s.write(t, `{}`)
	}
	s.write(t, keys(s.b))
	s.awaitIn(t, withB)
	s.out(t, withA)
}

func (s *story) awaitText(t *testing.T, command, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if got, _ = s.c.Run(t.Context(), command); got == want { // compared
			return
		}
	}
	t.Errorf("%s says %q, want %q", command, got, want)
}

// halfOpen fills every place of sshd with connections that never log in.
func (s *story) halfOpen(t *testing.T) {
	s.c.MustRun(t, `setsid bash -c 'for i in $(seq 100); do exec {fd}<>/dev/tcp/127.0.0.1/22222; done; sleep 100' </dev/null >/dev/null 2>&1 &
		echo $! >/run/burst; sleep 2`)
	s.await(t, keyless, true, graceTime)
	s.c.MustRun(t, "kill -- -$(cat /run/burst) 2>/dev/null || kill $(cat /run/burst)")
}
