package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"resinos.io/proto/hostname1"
	"resinos.io/proto/update1"
	"resinos.io/proto/update1job"
	"resinos.io/services/resinctl/internal/cli"
)

// TestCommands holds exit statuses, what the services are told, and what is said.
func TestCommands(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		args   []string
		status int
		says   string // in either stream
		does   string // what a service is told
	}{
		{[]string{"hostname", "bath"}, cli.ExitOK, "bath\n", "name bath"},
		{[]string{"hostname", "--reset"}, cli.ExitOK, "0123456\n", "name"},
		{[]string{"hostname", ""}, cli.ExitUsage, "--reset", ""},
		{[]string{"hostname", "a", "--reset"}, cli.ExitUsage, "either", ""},
		{[]string{"nonsense"}, cli.ExitUsage, `unknown command "nonsense"`, ""},
		{[]string{"config", "nonsense"}, cli.ExitUsage, `unknown command "nonsense"`, ""},
		{[]string{"status", "--nonsense"}, cli.ExitUsage, "unknown flag", ""},
		{[]string{"doctor", "nonsense"}, cli.ExitUsage, "invalid argument", ""},
		{[]string{"network"}, cli.ExitAbsent, "it does not run; `resinctl doctor netseed` finds out why", ""},
		{[]string{"logs"}, cli.ExitAbsent, "it does not run", ""},
		{[]string{"logs", "persistent", "on"}, cli.ExitAbsent, "it does not run", ""},
		{[]string{"logs", "persistent", "maybe"}, cli.ExitUsage, "invalid argument", ""},
		{[]string{"logs", "vacuum", "7X"}, cli.ExitUsage, "no size", ""},
		{[]string{"splash"}, cli.ExitAbsent, "it does not run", ""},
		{[]string{"splash", "set", "/nowhere.png"}, cli.ExitFailed, "no such file", ""},
		{[]string{"purge"}, cli.ExitUsage, "--cancel", ""},
		{[]string{"purge", "state"}, cli.ExitUsage, "--yes", ""},
		{[]string{"purge", "state", "--yes"}, cli.ExitOK, "At the next boot", "purge state"},
		{[]string{"purge", "everything", "--yes"}, cli.ExitUsage, "invalid argument", ""},
		{[]string{"purge", "--cancel"}, cli.ExitOK, "Nothing will be purged", "cancel purge"},
		{[]string{"update", "install"}, cli.ExitOK, "20.0 MiB of 700.0 MiB were downloaded", "install"},
		{[]string{"update", "install", "/mnt/usb", "--downgrade", "--version", "1.0", "--reboot"}, cli.ExitOK, "installed", "install /mnt/usb downgrade reboot version"},
		{[]string{"update", "install", "--detach"}, cli.ExitOK, "update status", "install"},
		{[]string{"update", "cancel"}, cli.ExitFailed, "no install runs", ""},
		{[]string{"update", "reboot", "--force"}, cli.ExitOK, "reboots", "reboot force"},
		{[]string{"update", "rollback"}, cli.ExitUsage, "--yes", ""},
		{[]string{"update", "rollback", "-y", "--reboot"}, cli.ExitOK, "other slot", "rollback reboot"},
		{[]string{"update", "mark-good"}, cli.ExitOK, "good", "mark good"},
		{[]string{"status"}, cli.ExitProblems, "not there", ""},
		{[]string{"doctor"}, cli.ExitProblems, "systemd", ""},
	} {
		out, said, status := w.run(c.args...)
		if status != c.status || !strings.Contains(out+said, c.says) {
			t.Errorf("%q: exit status %d, want %d and %q:\n%s%s", c.args, status, c.status, c.says, out, said)
		}
		if did := w.told(); c.does != did {
			t.Errorf("%q: did %q, want %q", c.args, did, c.does)
		}
	}
}

func TestRefusal(t *testing.T) {
	w := newWorld(t)
	w.failWith(named(hostname1.ErrorInvalidHostname))
	_, said, status := w.run("hostname", "bath")
	if status != cli.ExitFailed || !strings.Contains(said, "(InvalidHostname)") {
		t.Errorf("status %d, said %q", status, said)
	}
	w.failWith(named(update1.ErrorLocked))
	if _, said, status = w.run("update", "reboot"); status != cli.ExitFailed || !strings.Contains(said, "(Locked)") {
		t.Errorf("status %d, said %q", status, said)
	}
}

func TestNoBus(t *testing.T) {
	w := newWorld(t)
	w.bus.Stop()
	for _, command := range []string{"status", "doctor", "hostname"} {
		if _, said, status := w.run(command); status != cli.ExitAbsent || said == "" {
			t.Errorf("%s: status %d, said %q", command, status, said)
		}
	}
	if out, _, status := w.run("config", "get", "hostname"); status != cli.ExitOK || out != "kitchen\n" {
		t.Errorf("config needs a bus: status %d, %q", status, out)
	}
}

// TestFollow lets an install fail after a while, and be cancelled.
func TestFollow(t *testing.T) {
	w := newWorld(t)
	properties := w.job.Properties(update1job.Interface)
	set := func(values map[string]any) {
		if err := properties.Set(values); err != nil {
			t.Error(err)
		}
	}
	for end, want := range map[string]string{"failed": "Untrusted: nobody signed it", "cancelled": "was cancelled"} {
		set(map[string]any{"State": "running", "Progress": uint32(40), "BytesDone": uint64(280 << 20), "Message": "writing"})
		timer := time.AfterFunc(700*time.Millisecond, func() {
			set(map[string]any{"State": end, "Message": "Untrusted: nobody signed it"})
		})
		out, said, status := w.run("update", "install")
		timer.Stop()
		if status != cli.ExitFailed || !strings.Contains(said, want) {
			t.Errorf("%s: status %d, said %q", end, status, said)
		}
		if !strings.HasPrefix(out, "40 %, 280.0 MiB of 700.0 MiB, writing\n") {
			t.Errorf("%s: progress is %q", end, out)
		}
	}
}

// TestConfig edits a file as a person does.
func TestConfig(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(w.root, "mnt/boot/config.json")
	for _, c := range []struct {
		args   []string
		status int
		out    string
	}{
		{[]string{"get", "hostname"}, cli.ExitOK, "kitchen\n"},
		{[]string{"get", "/os/update/url", "--json"}, cli.ExitOK, "\"https://example.com\"\n"},
		{[]string{"get", "os.update"}, cli.ExitOK, "{\"url\": \"https://example.com\"}\n"},
		{[]string{"get", "/a.b"}, cli.ExitOK, "[1, 2]\n"},
		{[]string{"get", "os.none"}, cli.ExitFailed, ""},
		{[]string{"get", "hostname.deeper"}, cli.ExitFailed, ""},
		{[]string{"get", ".."}, cli.ExitUsage, ""},
		{[]string{"set", "hostname", "no good"}, cli.ExitFailed, ""},
		{[]string{"set", "hostname", "1234567"}, cli.ExitOK, "hostname is set.\n"},
		{[]string{"get", "hostname", "--json"}, cli.ExitOK, "\"1234567\"\n"},
		{[]string{"set", "dnsServers", "null"}, cli.ExitOK, "dnsServers is set.\n"},
		{[]string{"get", "dnsServers", "--json"}, cli.ExitOK, "\"null\"\n"},
		{[]string{"set", "theirs", "[1]", "--string"}, cli.ExitOK, "theirs is set.\n"},
		{[]string{"get", "theirs", "--json"}, cli.ExitOK, "\"[1]\"\n"},
		{[]string{"set", "persistentLogging", "maybe"}, cli.ExitFailed, ""},
		{[]string{"unset", "theirs"}, cli.ExitOK, "theirs is not set any more.\n"},
		{[]string{"unset", "theirs"}, cli.ExitOK, "theirs is not set any more.\n"},
		{[]string{"check"}, cli.ExitOK, ""},
		{[]string{"check", "--json"}, cli.ExitOK, "[]\n"},
	} {
		out, said, status := w.run(append([]string{"config"}, c.args...)...)
		if out != c.out || status != c.status {
			t.Errorf("%q: status %d, %q, want %d, %q; said %s", c.args, status, out, c.status, c.out, said)
		}
	}
	text, err := os.ReadFile(file)
	if want := `{"hostname": "1234567", "os": {"update": {"url": "https://example.com"}}, "a.b": [1, 2], "dnsServers": "null"}`; err != nil || string(text) != want {
		t.Errorf("the file is %s, %v", text, err)
	}
}

func TestConfigCheckSaysWhere(t *testing.T) {
	w := newWorld(t)
	for text, want := range map[string]string{
		"{\n \"hostname\": }":                    "line 2, column 14",
		`{"country": "Germany"}`:                 "/country: it must be two letters",
		`{"developmentMode": true}`:              "/developmentMode: it is not honoured",
		`{"os":{"sshKeys":["slip"]}}`:            "/os/sshKeys: no key in it can be used",
		"":                                       "the file is empty",
		`{"persistentLogging":"yes","uuid":"x"}`: "/persistentLogging: it must be true or false",
	} {
		w.file("/built.json", text)
		out, said, status := w.run("config", "check", filepath.Join(w.root, "built.json"))
		if status != cli.ExitProblems || !strings.Contains(out, want) || said != "" {
			t.Errorf("%s: status %d, %q, %q, want %q", text, status, out, said, want)
		}
	}
	if _, said, status := w.run("config", "check", filepath.Join(w.root, "none.json")); status != cli.ExitFailed || said == "" {
		t.Errorf("no file: status %d, %q", status, said)
	}
	if out, _, _ := w.run("config", "schema"); !strings.Contains(out, `"$schema"`) {
		t.Errorf("the schema is %s", out)
	}
}

// TestCompletion completes as bash asks for it.
func TestCompletion(t *testing.T) {
	w := newWorld(t)
	out, _, _ := w.run("__complete", "doctor", "")
	var names []string
	for line := range strings.Lines(out) {
		name, _, _ := strings.Cut(line, "\t")
		names = append(names, name)
	}
	if !slices.Contains(names, "hostnamed-bridge") {
		t.Errorf("completes to %q", names)
	}
}
