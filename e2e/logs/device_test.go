//go:build container || vm

package logs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// soon is how long a change may take under emulation on a busy machine.
const soon = time.Minute

// a shell runs commands in the device, whatever kind it is.
type shell func(t testing.TB, command string) (string, error)

func (run shell) must(t testing.TB, command string) string {
	t.Helper()
	out, err := run(t, command)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return out
}

// await runs command until it prints want.
func (run shell) await(t testing.TB, command, want string) {
	t.Helper()
	var out string
	for start := time.Now(); time.Since(start) < soon; time.Sleep(100 * time.Millisecond) {
		out, _ = run(t, command) // it may fail until it does not
		if out == want {
			return
		}
	}
	t.Fatalf("%s\nprints %q, want %q", command, out, want)
}

func property(face, name string) string {
	return fmt.Sprintf("busctl get-property io.resinos.Log1 /io/resinos/Log1 io.resinos.%s %s", face, name)
}

func call(method, arguments string) string {
	return strings.TrimSpace("busctl call io.resinos.Log1 /io/resinos/Log1 io.resinos.Log1 " + method + " " + arguments)
}

func setPersistent(value bool) string {
	return call("SetPersistent", fmt.Sprintf("'ba{sv}' %t 0", value))
}

// edit runs a jq program over config.json, writing in place as many an editor does.
func edit(program string) string {
	return fmt.Sprintf(`jq %q /mnt/boot/config.json > /tmp/new && cat /tmp/new > /mnt/boot/config.json`, program)
}

// number returns the value of a property of type t.
func (run shell) number(t testing.TB, name string) uint64 {
	t.Helper()
	return parseNumber(t, run.must(t, property("Log1", name)))
}

func parseNumber(t testing.TB, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "t "), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// du returns what find says that the journal's files on disk take.
func (run shell) du(t testing.TB) uint64 {
	t.Helper()
	blocks := run.must(t, `find /var/log/journal -type f -name '*.journal*' -printf '%b\n' | awk '{n += $1} END {print n * 512}'`)
	return parseNumber(t, blocks)
}

// startCounter makes a unit that logs 0, 1, 2 and so on, and returns a function that
// stops it and requires that journalctl has every number, once and in order.
func (run shell) startCounter(t testing.TB) (end func()) {
	t.Helper()
	run.must(t, `systemd-run --quiet --unit=counter -p LogRateLimitIntervalSec=0 bash -c 'exec {never}<> <(:); for ((i = 0;; i++)); do echo $i; read -t 0.002 -u $never; done'`)
	id := run.must(t, "systemctl show -P InvocationID counter")
	return func() {
		t.Helper()
		run.must(t, "systemctl stop counter; journalctl --sync")
		inOrder(t, run.must(t, "journalctl -o cat -t bash _SYSTEMD_INVOCATION_ID="+id))
	}
}

func inOrder(t testing.TB, text string) {
	t.Helper()
	lines := strings.Fields(text)
	for i, line := range lines {
		if line != strconv.Itoa(i) {
			t.Fatalf("line %d of %d is %s", i, len(lines), line)
		}
	}
	if len(lines) < 100 {
		t.Fatalf("only %d lines were counted", len(lines))
	}
	t.Logf("%d lines, none lost", len(lines))
}

var problem = regexp.MustCompile(`"/persistentLogging" "the journal stays in RAM: `)
