//go:build container

package wayin

import (
	"encoding/json"
	"strings"
	"testing"

	"resinos.io/e2e/container"
)

// nobody runs a command as an ordinary user.
const nobody = "setpriv --reuid 65534 --clear-groups "

// TestResinctl types what a person types, on a device with every real service
// that the image has.
func TestResinctl(t *testing.T) {
	c := container.Start(t, container.Options{Boot: map[string][]byte{"config.json": []byte(`{"hostname":"kitchen","theirs":{"b":1,"a":2}}`)}})
	s := &story{T: t, c: c}
	t.Run("status", func(t *testing.T) { s.statusStory(t) })
	t.Run("hostname", func(t *testing.T) { s.nameStory(t) })
	t.Run("config", func(t *testing.T) { s.configStory(t) })
	t.Run("absent", func(t *testing.T) { s.absentStory(t) })
	t.Run("commands", func(t *testing.T) { s.commandsStory(t) })
	t.Run("doctor", func(t *testing.T) { s.doctorStory(t) })
	t.Run("manual", func(t *testing.T) {
		if text := c.MustRun(t, "man resinctl | col -b 2>/dev/null || mandoc /usr/share/man/man1/resinctl.1"); !strings.Contains(text, "resinctl") {
			t.Errorf("the manual is %q", text)
		}
		if pages := c.MustRun(t, "for page in /usr/share/man/man1/resinctl*.1; do mandoc -T ascii $page >/dev/null || echo $page; done; ls /usr/share/man/man1 | grep -cE '^resinctl(-status|-config-(get|set|unset|check|schema)|-hostname|-network|-logs-persistent|-purge|-splash|-doctor)?.1$'"); pages != "13" {
			t.Errorf("pages that cannot be read, and how many there are of 13: %s", pages)
		}
		if out := c.MustRun(t, `bash -c '. /usr/share/bash-completion/bash_completion; . /usr/share/bash-completion/completions/resinctl; complete -p resinctl'`); !strings.Contains(out, "__start_resinctl") {
			t.Errorf("bash completes with %q", out)
		}
		if out := c.MustRun(t, "resinctl __complete doctor hostn 2>/dev/null"); !strings.Contains(out, "hostnamed-bridge") {
			t.Errorf("completion says %q", out)
		}
	})
}

// exit holds a command's exit status.
func (s *story) exit(t *testing.T, command, want string) string {
	t.Helper()
	out := s.c.MustRun(t, command+" 2>&1; echo exit $?")
	text, status, _ := strings.Cut("\n"+out, "\nexit ")
	if status != want {
		t.Errorf("%s: exit status %s, want %s:%s", command, status, want, text)
	}
	return strings.TrimSpace(text)
}

func (s *story) statusStory(t *testing.T) {
	s.awaitText(t, "resinctl hostname", "kitchen")
	var status struct {
		Version, Variant, Hostname string
		Services                   []struct{ Name, State string }
	}
	text := s.c.MustRun(t, nobody+"resinctl status --json || [ $? = 3 ]")
	if err := json.Unmarshal([]byte(text), &status); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	if status.Variant != "development" || status.Version == "" || status.Hostname != "kitchen" {
		t.Errorf("status is %+v", status)
	}
	ready := 0
	for _, one := range status.Services {
		if one.Name == "hostnamed-bridge" && one.State == "ready" || one.Name == "state-binder" && one.State == "ready" {
			ready++
		}
	}
	if ready != 2 || len(status.Services) != 6 {
		t.Errorf("services are %+v", status.Services)
	}
	if text := s.c.MustRun(t, "resinctl status || [ $? = 3 ]"); strings.Contains(text, "\x1b") || !strings.Contains(text, "name       kitchen") {
		t.Errorf("the screen is\n%s", text)
	}
	if text := s.exit(t, "resinctl doctor hostnamed-bridge", "0"); !strings.Contains(text, "It works.") {
		t.Errorf("the doctor says %s", text)
	}
}

func (s *story) nameStory(t *testing.T) {
	if got := s.exit(t, "resinctl hostname garage", "0"); got != "garage" {
		t.Errorf("the name is %q", got)
	}
	if got := s.c.MustRun(t, "cat /proc/sys/kernel/hostname"); got != "garage" {
		t.Errorf("the kernel's name is %q", got)
	}
	if got := s.exit(t, "resinctl hostname no_good", "1"); !strings.Contains(got, "InvalidHostname") {
		t.Errorf("it says %s", got)
	}
	s.exit(t, nobody+"resinctl hostname bath", "5")
	s.exit(t, nobody+"resinctl hostname", "0")
	s.exit(t, "resinctl hostname --reset", "0")
	s.awaitText(t, "resinctl hostname --json | jq -r .source", "uuid")
}

func (s *story) configStory(t *testing.T) {
	s.exit(t, "resinctl config set hostname 1234567", "0") // a string that looks like a number
	s.awaitText(t, "resinctl hostname", "1234567")
	if got := s.exit(t, "resinctl config get theirs", "0"); got != `{"b":1,"a":2}` {
		t.Errorf("another program's key is %s", got)
	}
	s.exit(t, "resinctl config set os.update.channel 'Not Good'", "1")
	s.exit(t, "resinctl config set os.update.channel beta", "0")
	if got := s.exit(t, "resinctl config get /os/update --json", "0"); !strings.Contains(got, `"channel": "beta"`) {
		t.Errorf("os.update is %s", got)
	}
	s.exit(t, "resinctl config unset os.update", "0")
	s.exit(t, "resinctl config get os.update", "1")
	s.exit(t, nobody+"resinctl config get hostname", "5")
	s.exit(t, nobody+"resinctl config set hostname x", "5")
	s.exit(t, "resinctl config check", "0")
	s.exit(t, "echo '{\"country\":1}' >/run/file.json; resinctl config check /run/file.json", "3")
	s.exit(t, "resinctl config nonsense", "2")
	s.c.MustRun(t, "cp /mnt/boot/config.json /run/good.json; echo '{' >/mnt/boot/config.json")
	if got := s.exit(t, "resinctl config check", "3"); !strings.Contains(got, "line 2") {
		t.Errorf("check says %s", got)
	}
	s.exit(t, "resinctl config set hostname lost", "1")
	if got := s.c.MustRun(t, "cat /mnt/boot/config.json"); got != "{" {
		t.Errorf("a file that does not parse was overwritten: %s", got)
	}
	s.awaitText(t, "resinctl status | grep -c 'with the last good configuration' | sed 's/[1-9][0-9]*/some/'", "some")
	s.c.MustRun(t, "cp /run/good.json /mnt/boot/config.json")
	s.exit(t, "resinctl config unset hostname", "0")
}

// absentStory stops a service in every way there is: the rest is shown, and why.
func (s *story) absentStory(t *testing.T) {
	for command, want := range map[string]string{
		"systemctl stop hostnamed-bridge":                                        "It is enabled, but does not run.",
		"systemctl mask --runtime --now hostnamed-bridge":                        "It is masked",
		"systemctl start hostnamed-bridge; kill -STOP $(pidof hostnamed-bridge)": "does not answer",
	} {
		s.c.MustRun(t, "systemctl unmask --runtime hostnamed-bridge 2>/dev/null; "+command)
		if text := s.c.MustRun(t, "resinctl doctor hostnamed-bridge || [ $? = 3 ]"); !strings.Contains(text, want) {
			t.Errorf("%s: the doctor says %s", command, text)
		}
		if text := s.c.MustRun(t, "resinctl status || [ $? = 3 ]"); !strings.Contains(text, "state-binder      ready") || !strings.Contains(text, "hostnamed-bridge  not there") {
			t.Errorf("%s: status is\n%s", command, text)
		}
		s.exit(t, "resinctl hostname", "4")
		s.c.MustRun(t, "kill -CONT $(pidof hostnamed-bridge) 2>/dev/null; systemctl unmask --runtime hostnamed-bridge; systemctl start hostnamed-bridge")
		s.awaitText(t, "resinctl hostname >/dev/null && echo there", "there")
	}
}
