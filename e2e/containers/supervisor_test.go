//go:build container

package containers

import (
	"bytes"
	"strings"
	"testing"

	"resinos.io/e2e/container"
)

// itsContainer prints which container the supervisor's is, and whether it runs.
const itsContainer = "docker inspect --format '{{.Id}} {{.State.Running}}' resin_supervisor"

// TestSupervisor boots a device whose config.json names the preloaded supervisor, and
// asks it for everything that does not end the device.
func TestSupervisor(t *testing.T) {
	h := root{container.Start(t, container.Options{
		Engine: true,
		Boot:   map[string][]byte{"config.json": []byte(`{"supervisorImage":"` + supervisorImage + `"}`)},
		Data:   map[string][]byte{"root-overlay/var/lib/resin-preload/supervisor.tar": supervisorArchive(t)},
	})}
	h.Await(t, soon, "systemctl is-active resin-supervisor", "active")
	putGuest(t, h)
	t.Run("key", func(t *testing.T) { key(t, h) })
	t.Run("device", func(t *testing.T) { describe(t, h) })
	t.Run("changes", func(t *testing.T) { changes(t, h) })
	t.Run("update lock", func(t *testing.T) { lockedReboot(t, h) })
	t.Run("project", func(t *testing.T) { projects(t, h) })
	t.Run("engine restarts", func(t *testing.T) { outlives(t, h) })
	t.Run("config.json", func(t *testing.T) { follows(t, h) })
	t.Run("hangs", func(t *testing.T) { hangs(t, h) })
}

func expect(t *testing.T, h host, request, body, status string, parts ...string) {
	t.Helper()
	got := api(t, h, request, body)
	for _, part := range append(parts, " "+status) {
		if !strings.Contains(got, part) {
			t.Errorf("%s %s answers %s, want %s", request, body, got, part)
		}
	}
}

// key: nothing but the two questions for its health without the key.
func key(t *testing.T, h host) {
	for _, request := range []string{
		"GET /v1/device", "PATCH /v1/device/host-config", "POST /v1/reboot", "POST /v1/shutdown", "POST /v1/update",
		"POST /v1/purge", "GET /v1/project", "PUT /v1/project", "DELETE /v1/project", "GET /v1/project/logs",
	} {
		for _, how := range []string{"", "-H 'Authorization: Bearer " + strings.Repeat("0", 64) + "'"} {
			if got := h.Run(t, ask(how, request, "")); !strings.HasSuffix(got, " 401") {
				t.Errorf("%s with %q answers %s", request, how, got)
			}
		}
	}
	for request, want := range map[string]string{"GET /ping": "OK 200", "GET /v1/healthy": "200"} {
		if got := h.Run(t, ask("", request, "")); !strings.HasSuffix(got, want) {
			t.Errorf("%s answers %s", request, got)
		}
	}
	if got := h.Run(t, "stat -c '%U %a %s' "+keyFile); got != "root 600 65" {
		t.Errorf("the key's file is %s", got)
	}
}

func describe(t *testing.T, h host) {
	name := h.Run(t, "cat /proc/sys/kernel/hostname")
	version := h.Run(t, ". /etc/os-release; echo ${VERSION%-dev}")
	expect(t, h, "GET /v1/device", "", "200", `"device_name":"`+name+`"`, `"os_version":"`+version+`"`, `"ip_address":["`,
		`"update_pending":false`, `"update":null`)
}

// changes: each is an effect on the device, or refused by the service that owns it.
func changes(t *testing.T, h host) {
	expect(t, h, "PATCH /v1/device/host-config", `{"network":{"hostname":"kitchen"}}`, "200", "OK")
	h.Await(t, soon, "cat /proc/sys/kernel/hostname", "kitchen")
	expect(t, h, "PATCH /v1/device/host-config", `{"network":{"hostname":"not valid"}}`, "400", "host name")
	expect(t, h, "POST /v1/update", "", "409", "os.update.url")
	expect(t, h, "POST /v1/purge", `{"scope":"nonsense"}`, "400", "nonsense")
	expect(t, h, "POST /v1/purge", "", "202", "accepted")
	expect(t, h, "GET /v1/device", "", "200", `"purge_pending":"data"`)
	h.Run(t, "busctl call io.resinos.State1 /io/resinos/State1 io.resinos.State1 CancelPurge")
}

// held holds an update lock while command runs.
func held(command string) string {
	return "flock /run/resinos/update-locks/app sh -c '" + strings.ReplaceAll(command, "'", `'\''`) + "'"
}

// lockedReboot: a held lock keeps the device up, a forgotten file is none.
func lockedReboot(t *testing.T, h host) {
	boot := h.Run(t, "cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestampMonotonic")
	for _, request := range []string{"POST /v1/reboot", "POST /v1/shutdown"} {
		got := h.Run(t, held(ask(`-H "Authorization: Bearer $(cat `+keyFile+`)"`, request, "")))
		if !strings.HasSuffix(got, " 423") || !strings.Contains(got, "/run/resinos/update-locks/app") {
			t.Errorf("%s with a held lock answers %s", request, got)
		}
	}
	if jobs := h.Run(t, "systemctl list-jobs --plain --no-legend"); jobs != "" {
		t.Errorf("it shuts down: %s", jobs)
	}
	if got := h.Run(t, "cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestampMonotonic"); got != boot {
		t.Error("it rebooted")
	}
}

// compose is two applications; the second says text.
func compose(text string) string {
	return `
services:
  store: {image: guest, command: [/guest, say, stored], volumes: ["kept:/kept"]}
  web: {image: guest, command: [/guest, say, "` + text + `"], depends_on: [store]}
volumes: {kept: {}}
`
}

// projects goes through the life of the device's applications.
func projects(t *testing.T, h host) {
	const id = "docker inspect --format '{{.Id}} {{.State.Running}}' "
	put := func(path, text string) {
		h.RunInput(t, "mkdir -p /mnt/data/web && cat > "+path, strings.NewReader(text))
	}
	put("/mnt/data/resin-supervisor/compose.yaml", compose("one"))
	expect(t, h, "PUT /v1/project", `{"source":"compose.yaml"}`, "200", "OK")
	expect(t, h, "GET /v1/project", "", "200", `{"service":"web","image":"guest","state":"running","is_current":true}`, `"service":"store"`)
	expect(t, h, "GET /v1/project/logs?service=web", "", "200", "one\n")
	h.Await(t, soon, "journalctl -o cat -t resin-web", "one")
	store := h.Run(t, id+"resin-store")

	// An update, by URL: what changed is replaced, the rest is left alone.
	h.Run(t, "docker run -d --name files --network host -v /mnt/data/web:/files guest /guest serve 127.0.0.1:8099 /files")
	put("/mnt/data/web/compose.yaml", compose("two"))
	expect(t, h, "PUT /v1/project", `{"source":"http://127.0.0.1:8099/compose.yaml"}`, "200", "OK")
	expect(t, h, "GET /v1/project/logs?service=web&lines=5", "", "200", "two\n")
	if got := h.Run(t, id+"resin-store"); got != store {
		t.Errorf("the service that did not change was replaced: %s, %s", store, got)
	}

	// What is refused leaves what runs alone.
	web := h.Run(t, id+"resin-web")
	expect(t, h, "PUT /v1/project", `{"source":"http://127.0.0.1:8099/none.yaml"}`, "502", "404")
	put("/mnt/data/web/bad.yaml", "services: {web: {image: guest, pid: host}}")
	expect(t, h, "PUT /v1/project", `{"source":"http://127.0.0.1:8099/bad.yaml"}`, "400", "pid")
	put("/mnt/data/web/three.yaml", compose("three"))
	locked := h.Run(t, held(ask(`-H "Authorization: Bearer $(cat `+keyFile+`)"`, "PUT /v1/project", `{"source":"http://127.0.0.1:8099/three.yaml"}`)))
	if !strings.HasSuffix(locked, " 423") {
		t.Errorf("an update under a lock answers %s", locked)
	}
	if got := h.Run(t, id+"resin-web"); got != web {
		t.Errorf("it was replaced all the same: %s, %s", web, got)
	}
	expect(t, h, "GET /v1/project", "", "200", `"is_current":false`, "update lock")
	h.Await(t, soon, "docker logs resin-web", "three") // by itself, when the lock is free

	expect(t, h, "DELETE /v1/project", "", "200", "OK")
	if got := h.Run(t, "docker ps -a --format '{{.Names}}' | sort | xargs"); got != "files resin_supervisor" {
		t.Errorf("what runs after the removal: %s", got)
	}
	if got := h.Run(t, "docker volume ls -q"); got != "resin_kept" {
		t.Errorf("volumes after the removal: %q", got)
	}
}

// outlives: the engine is restarted and killed, and the supervisor goes on.
func outlives(t *testing.T, h host) {
	before := h.Run(t, itsContainer)
	h.Run(t, "systemctl restart docker")
	h.Await(t, soon, itsContainer, before)
	h.Run(t, "systemctl kill --kill-whom=main -s KILL docker")
	h.Await(t, soon, "systemctl is-active docker", "active")
	h.Await(t, soon, itsContainer, before)
	expect(t, h, "GET /v1/project", "", "200")
	if state := h.Run(t, "systemctl is-active resin-supervisor"); state != "active" {
		t.Errorf("its unit is %s", state)
	}
}

// follows: config.json decides while the device runs; one that cannot be read does not.
func follows(t *testing.T, h host) {
	before := h.Run(t, itsContainer)
	h.Run(t, "cp /mnt/boot/config.json /mnt/data/good.json")
	for _, bad := range []string{`{"supervisorImage": "a`, `{"supervisorImage": 7}`, `{"supervisorImage": "a b"}`, ``, `[]`} {
		seen := h.Run(t, "journalctl -q -u resin-supervisor-follow -o cat | grep -c 'no supervisor that can be read' || true")
		h.RunInput(t, "cat > /mnt/boot/config.json", strings.NewReader(bad))
		h.Await(t, soon, "test $(journalctl -q -u resin-supervisor-follow -o cat | grep -c 'no supervisor that can be read') -gt "+seen+
			" && ! systemctl is-active -q resin-supervisor-follow && echo seen", "seen")
		if got := h.Run(t, itsContainer+"; systemctl is-active resin-supervisor"); got != before+"\nactive" {
			t.Errorf("with the config.json %q the supervisor is %s, it was %s", bad, got, before)
		}
	}
	h.Run(t, "systemctl restart resin-supervisor") // with the last bad one still there
	h.Run(t, "cp /mnt/data/good.json /mnt/boot/config.json && resinctl config unset supervisorImage")
	h.Await(t, soon, "systemctl show -P ActiveState resin-supervisor; docker ps -aq --filter name=resin_supervisor", "inactive")
	h.Run(t, "resinctl config set supervisorImage "+supervisorImage)
	h.Await(t, soon, "systemctl is-active resin-supervisor; docker ps --format '{{.Image}}' --filter name=resin_supervisor", "active\n"+supervisorImage)
}

// hangs: a supervisor that runs and answers no more is replaced. It is the same
// program with a health check that takes seconds instead of minutes.
func hangs(t *testing.T, h host) {
	const quick = "local/supervisor:quick"
	h.RunInput(t, "DOCKER_BUILDKIT=0 docker build -q -t "+quick+" -", bytes.NewReader([]byte("FROM "+supervisorImage+
		"\nHEALTHCHECK --interval=2s --timeout=3s --retries=2 CMD [\"/supervisor\", \"-healthcheck\"]\n")))
	h.Run(t, "resinctl config set supervisorImage "+quick)
	h.Await(t, soon, "systemctl is-active resin-supervisor; docker ps --format '{{.Image}}' --filter name=resin_supervisor", "active\n"+quick)
	first := h.Run(t, "docker inspect --format '{{.Id}}' resin_supervisor")
	h.Run(t, "kill -STOP $(docker inspect --format '{{.State.Pid}}' resin_supervisor)")
	h.Await(t, 2*soon, "test $(docker inspect --format '{{.Id}}' resin_supervisor) != "+first+" && systemctl is-active resin-supervisor", "active")
	if got := h.Run(t, "journalctl -u resin-supervisor -o cat | grep -c 'is not healthy'"); got != "1" {
		t.Errorf("it was found unhealthy %s times", got)
	}
}
