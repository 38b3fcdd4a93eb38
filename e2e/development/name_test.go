//go:build vm

package development

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/device"
	"resinos.io/proto/hostname1"
)

// soon is how long a change may take under emulation on a busy machine. How long
// it takes on a quiet one is measured elsewhere, not asserted.
const soon = 20 * time.Second

// announced is how long Avahi may be without the name: it takes its own probe for
// another host's at times, and hostnamed-bridge promises about a minute then.
const announced = 90 * time.Second

func getProperty(face, name string) string {
	return fmt.Sprintf("busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.%s %s", face, name)
}

// edit runs a jq program over config.json, writing in place as many an editor does.
func edit(program string) string {
	return fmt.Sprintf(`jq %q /mnt/boot/config.json > /tmp/new && cat /tmp/new > /mnt/boot/config.json`, program)
}

// awaitName waits until everybody in the machine says name.
func awaitName(t *testing.T, m *device.Machine, name string) {
	t.Helper()
	m.Await(t, soon, "cat /proc/sys/kernel/hostname", name)
	m.Await(t, soon, "hostnamectl hostname", name)
	m.Await(t, soon, getProperty("Hostname1", "Hostname"), `s "`+name+`"`)
	m.Await(t, announced, getProperty("Hostname1", "MdnsName"), `s "`+name+`"`)
	m.Await(t, announced, getProperty("Hostname1", "MdnsState"), `s "running"`)
	m.Await(t, soon, "avahi-resolve -4n "+name+".local | cut -f1", name+".local")
}

// transcript replays the README's, line by line.
func transcript(t *testing.T, m *device.Machine) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(readme), "```console\n")
	text, _, closed := strings.Cut(text, "```")
	if !found || !closed {
		t.Fatal("the README has no console transcript")
	}
	for _, step := range strings.Split("\n"+text, "\n# ")[1:] {
		command, want, _ := strings.Cut(strings.TrimSpace(step), "\n")
		m.Await(t, soon, command, want)
	}
	m.Run(t, edit("del(.hostname)"))
}

// contract holds what busctl sees against the files.
func contract(t *testing.T, m *device.Machine) {
	xml := m.Run(t, "busctl introspect --xml-interface io.resinos.Hostname1 /io/resinos/Hostname1")
	if !strings.Contains(xml, hostname1.Contract().XML) {
		t.Errorf("the served Hostname1 is not the file's:\n%s", xml)
	}
	if _, err := m.Try(t, "setpriv --reuid 65534 --clear-groups busctl call io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Hostname1 SetHostname 'sa{sv}' x 0"); err == nil {
		t.Error("an ordinary uid set the name")
	}
	if got := m.Run(t, "setpriv --reuid 65534 --clear-groups "+getProperty("Hostname1", "Source")); got != `s "uuid"` {
		t.Errorf("an ordinary uid reads %q", got)
	}
}

// restarted counts the restarts of what a name could restart.
const restarted = "systemctl show -P NRestarts avahi-daemon docker NetworkManager hostnamed-bridge | tr '\\n' ' '"

func nameStory(t *testing.T, m *device.Machine) {
	before := m.Run(t, restarted)
	uuid := m.Run(t, "jq -r .uuid /mnt/boot/config.json")
	if len(uuid) != 32 {
		t.Fatalf("the uuid in config.json is %q", uuid)
	}
	awaitName(t, m, uuid[:7])
	m.Run(t, edit(`.hostname="kitchen" | .theirs={"b":1,"a":2}`))
	awaitName(t, m, "kitchen")

	m.Run(t, edit(`.hostname="no_good!"`))
	m.Await(t, soon, getProperty("Service1", "State"), `s "degraded"`)
	if problems := m.Run(t, getProperty("Service1", "Problems")); !strings.Contains(problems, `"/hostname" "not a valid host name`) {
		t.Errorf("problems are %s", problems)
	}
	awaitName(t, m, "kitchen")

	const set = "busctl call io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Hostname1 SetHostname 'sa{sv}' "
	m.Run(t, set+"bath 0")
	if got := m.Run(t, "cat /proc/sys/kernel/hostname"); got != "bath" {
		t.Errorf("after SetHostname the name is %q", got)
	}
	awaitName(t, m, "bath")
	if theirs := m.Run(t, `jq -c .theirs /mnt/boot/config.json`); theirs != `{"b":1,"a":2}` {
		t.Errorf("another program's key is now %s", theirs)
	}
	for _, bad := range []string{"'a b'", "-a", strings.Repeat("a", 64), "a.b"} {
		if _, err := m.Try(t, set+bad+" 0"); err == nil {
			t.Errorf("SetHostname took %s", bad)
		}
	}
	m.Run(t, edit("del(.hostname)"))
	awaitName(t, m, uuid[:7])
	if failed := m.Run(t, "systemctl --failed --no-legend --plain"); failed != "" {
		t.Errorf("failed units: %s", failed)
	}
	if restarts := m.Run(t, restarted); restarts != before {
		t.Errorf("a new name restarted something: %s, before %s", restarts, before)
	}
}

// oneOwner changes the name past us, in both ways there are.
func oneOwner(t *testing.T, m *device.Machine) {
	name := m.Run(t, "cat /proc/sys/kernel/hostname")
	for range 3 {
		m.Run(t, "hostname other")
		m.Await(t, soon, "cat /proc/sys/kernel/hostname", name)
		m.Run(t, "hostnamectl --transient hostname another")
		m.Await(t, soon, "cat /proc/sys/kernel/hostname", name)
	}
}

func killed(t *testing.T, m *device.Machine) {
	m.Run(t, "systemctl kill -s KILL hostnamed-bridge")
	m.Await(t, soon, "systemctl is-active hostnamed-bridge", "active")
	m.Run(t, edit(`.hostname="again"`))
	awaitName(t, m, "again")
}

func lastGoodOverReboot(t *testing.T, m *device.Machine) {
	uuid := m.Run(t, "jq -r .uuid /mnt/boot/config.json")
	m.Run(t, edit(`.hostname="kept"`))
	awaitName(t, m, "kept")
	m.Run(t, `echo '{"hostname": ' > /mnt/boot/config.json; sync`)
	m.Reboot(t)
	awaitName(t, m, "kept")
	if got := m.Run(t, getProperty("Service1", "ConfigSource")); got != `s "last-good"` {
		t.Errorf("the configuration comes from %s", got)
	}
	if got := m.Run(t, getProperty("Hostname1", "Uuid")); got != `s "`+uuid+`"` {
		t.Errorf("the uuid is %s, was %s", got, uuid)
	}
}
