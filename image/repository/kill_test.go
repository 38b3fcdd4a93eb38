package repository

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"resinos.io/shared/release"
)

// The environment of the program that is killed: what it publishes, where, and
// before which write it dies.
const (
	killImage = "RELEASE_TEST_IMAGE"
	killRepo  = "RELEASE_TEST_REPO"
	killKeys  = "RELEASE_TEST_KEYS"
	killAt    = "RELEASE_TEST_AT"
)

// TestMain is the program that is killed when the environment says so.
func TestMain(m *testing.M) {
	if os.Getenv(killImage) == "" {
		os.Exit(m.Run())
	}
	if err := publishAndDie(); err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

func publishAndDie() error {
	repo, err := Open(os.Getenv(killRepo), os.Getenv(killKeys))
	if err != nil {
		return err
	}
	at, err := strconv.Atoi(os.Getenv(killAt))
	if err != nil {
		return err
	}
	var writes atomic.Int64
	repo.sign.Writing = func(string) {
		if int(writes.Add(1)) == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	_, err = repo.Publish(context.Background(), Publication{Image: os.Getenv(killImage), Share: release.Everyone, Deltas: 1})
	return err
}

// TestKilled kills a publication before each of its writes. Until the last one a
// device is offered the old release, whole; then the new one, whole. Each time the
// next run succeeds.
func TestKilled(t *testing.T) {
	s := newSite(t)
	s.add("1.1.0", 1)
	img := image(t, "1.2.0", 2)
	for at := 1; ; at++ {
		copied := *s
		repo, err := Open(filepath.Join(t.TempDir(), "repo"), filepath.Join(t.TempDir(), "keys"))
		s.must(err)
		copied.Repository = repo
		run(t, "cp", "-a", s.Dir(), repo.Dir())
		run(t, "cp", "-a", s.sign.Keys, repo.sign.Keys) // with their modes

		command := exec.CommandContext(t.Context(), os.Args[0])
		command.Env = append(os.Environ(), killImage+"="+img, killRepo+"="+repo.Dir(), killKeys+"="+repo.sign.Keys, killAt+"="+strconv.Itoa(at))
		out, err := command.CombinedOutput()
		if err == nil {
			if at < 8 {
				t.Fatalf("after %d writes there was nothing more to write", at-1)
			}
			if got := copied.newest(); got != "1.2.0" {
				t.Errorf("not killed: a device is offered %q", got)
			}
			t.Logf("killed before each of %d writes", at-1)
			return
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("write %d: %v\n%s", at, err, out)
		}
		if all, err := copied.verify(); err != nil || len(all) != 1 || copied.newest() != "1.1.0" {
			t.Errorf("killed before write %d: %d releases, %v", at, len(all), err)
		}
		if at%4 == 0 {
			copied.add("1.3.0", 3)
			if all, err := copied.verify(); err != nil || len(all) != 2 || copied.newest() != "1.3.0" {
				t.Errorf("killed before write %d, then another release: %d releases, %v", at, len(all), err)
			}
		}
	}
}
