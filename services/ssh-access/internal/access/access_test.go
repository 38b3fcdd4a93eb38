package access_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"resinos.io/services/ssh-access/internal/access"
	"resinos.io/shared/config"
)

const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f owner"

type server struct {
	did  []string
	fail error
}

func (s *server) RequireKeys(_ context.Context, only bool) error {
	s.did = append(s.did, map[bool]string{true: "keys only", false: "as built"}[only])
	return s.fail
}

func (s *server) Listen(_ context.Context, on bool) error {
	s.did = append(s.did, map[bool]string{true: "listen", false: "silent"}[on])
	return nil
}

func store(t *testing.T, text string) (*config.Store, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config.json")
	write(t, file, text)
	return config.NewStore(file, filepath.Join(t.TempDir(), "good.json"), slog.New(slog.DiscardHandler)), file
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func printed(t *testing.T, s *config.Store, user string) string {
	t.Helper()
	var out bytes.Buffer
	if err := access.Print(&out, s.Load(), user); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestPrint(t *testing.T) {
	s, file := store(t, `{"os":{"sshKeys":["`+key+`"]}}`)
	if got := printed(t, s, "root"); got != key+"\n" {
		t.Errorf("root's keys are %q", got)
	}
	for _, user := range []string{"daemon", "", "root "} {
		if got := printed(t, s, user); got != "" {
			t.Errorf("%q has keys: %q", user, got)
		}
	}
	for _, broken := range []string{"", `{"os":{"sshKeys":[`, `{"os":{"sshKeys":7}}`, `{"os":"x"}`, `{"os":{"sshKeys":["slip"]}}`} {
		write(t, file, broken)
		if got := printed(t, s, "root"); got != key+"\n" {
			t.Errorf("with %q root's keys are %q", broken, got)
		}
	}
	for _, none := range []string{`{}`, `{"os":{"sshKeys":[]}}`} {
		write(t, file, none)
		if got := printed(t, s, "root"); got != "" {
			t.Errorf("with %q root's keys are %q", none, got)
		}
	}
}

func TestApply(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		open bool
		want []string
	}{
		"production with a key":     {`{"os":{"sshKeys":["` + key + `"]}}`, false, []string{"keys only", "listen"}},
		"production without":        {`{}`, false, []string{"as built", "silent"}},
		"development with a key":    {`{"os":{"sshKeys":["` + key + `"]}}`, true, []string{"keys only"}},
		"development without":       {`{}`, true, []string{"as built"}},
		"a file that was never any": {`{`, false, []string{"as built", "silent"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := store(t, c.text)
			sshd := &server{fail: errors.New("no")}
			a := &access.Applier{Server: sshd, Open: c.open, Log: slog.New(slog.DiscardHandler)}
			if err := a.Apply(t.Context(), s.Load()); !errors.Is(err, sshd.fail) {
				t.Errorf("the error is %v", err)
			}
			if !slices.Equal(sshd.did, c.want) {
				t.Errorf("did %q, want %q", sshd.did, c.want)
			}
		})
	}
}

func TestFollowSeesLateChanges(t *testing.T) {
	s, file := store(t, `{}`)
	sshd := &server{}
	var log bytes.Buffer
	a := &access.Applier{Server: sshd, Log: slog.New(slog.NewTextHandler(&log, nil))}
	err := a.Follow(t.Context(), s, 100*time.Millisecond, func() error {
		write(t, file, `{"os":{"sshKeys":["`+key+`","slip"]}}`)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if last := sshd.did[len(sshd.did)-1]; last != "listen" {
		t.Errorf("did %q", sshd.did)
	}
	if strings.Count(log.String(), "/os/sshKeys/1") != 1 {
		t.Errorf("logged %q", log.String())
	}
}
