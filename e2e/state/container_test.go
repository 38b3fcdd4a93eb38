//go:build container

package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"resinos.io/e2e/container"
	"resinos.io/proto/state1"
)

const soon = time.Minute

// TestContainer looks at a device that was never used, purges it and has it
// purged by a file on its card: it is each time as it was.
func TestContainer(t *testing.T) {
	c := container.Start(t, container.Options{})
	t.Run("bound", func(t *testing.T) { bound(t, c) })
	t.Run("contract", func(t *testing.T) { contract(t, c) })
	first := settled(t, c)
	t.Run("kept", func(t *testing.T) { kept(t, c) })
	t.Run("purged by the bus", func(t *testing.T) { purgedByBus(t, c, first) })
	t.Run("purged by file", func(t *testing.T) { purgedByFile(t, c, first) })
	t.Run("cancelled", func(t *testing.T) { cancelled(t, c) })
	t.Run("bad declarations", func(t *testing.T) { badDeclarations(t, c) })
	t.Run("killed", func(t *testing.T) { killed(t, c) })
}

func await(t *testing.T, c *container.Container, command, want string) {
	t.Helper()
	got := ""
	for end := time.Now().Add(soon); got != want && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		got, _ = c.Run(t.Context(), command) // compared below
	}
	if got != want {
		t.Errorf("%s says %q, want %q", command, got, want)
	}
}

// paths are what the image binds.
var paths = []string{
	"/etc/NetworkManager/system-connections", "/etc/docker", "/etc/machine-id", "/etc/openvpn", "/var/lib/NetworkManager", "/var/lib/bluetooth",
	"/var/lib/chrony", "/var/lib/containerd", "/var/lib/docker", "/var/lib/resin-preload", "/var/lib/resinos", "/var/lib/systemd", "/var/log/journal",
}

func bound(t *testing.T, c *container.Container) {
	for _, path := range paths {
		// A file is a mount point too; findmnt shows from where on which partition.
		if out := c.MustRun(t, "findmnt -rno FSROOT "+path); !strings.HasSuffix(out, "/root-overlay"+path) {
			t.Errorf("%s shows %s", path, out)
		}
	}
	binds := c.MustRun(t, get("State1.Binds"))
	if n := strings.Count(binds, " true"); n != len(paths) || strings.Contains(binds, " false") {
		t.Errorf("binds are %s, want %d that are active", binds, len(paths))
	}
	await(t, c, get("Service1.State"), `s "ready"`)
	await(t, c, get("State1.Store"), `s "partition"`)
	await(t, c, get("State1.Usage")+` | grep -o '"systemd" "state"'`, `"systemd" "state"`)
	if owner := c.MustRun(t, "stat -c '%U:%G %a' /var/lib/chrony /var/log/journal | tr '\\n' ' '"); owner != "_chrony:_chrony 750 root:systemd-journal 2755" {
		t.Errorf("owners are %s", owner)
	}
}

func contract(t *testing.T, c *container.Container) {
	xml := c.MustRun(t, "busctl introspect --xml-interface io.resinos.State1 /io/resinos/State1")
	if !strings.Contains(xml, state1.Contract().XML) {
		t.Errorf("the served State1 is not the file's:\n%s", xml)
	}
	if _, err := c.Run(t.Context(), "setpriv --reuid 65534 --clear-groups "+call("State1.Purge 'sa{sv}' all 0")); err == nil {
		t.Error("an ordinary uid asked for a purge")
	}
	if _, err := c.Run(t.Context(), call("State1.Purge 'sa{sv}' everything 0")); err == nil || !strings.Contains(err.Error(), "state, data and all") {
		t.Errorf("an unknown scope: %v", err)
	}
	if got := c.MustRun(t, "setpriv --reuid 65534 --clear-groups "+get("State1.PurgePending")); got != `s ""` {
		t.Errorf("an ordinary uid reads %q", got)
	}
}

// settled returns the tree of a device that has started everything, files with
// kind, owner and permissions, state and data together.
func settled(t *testing.T, c *container.Container) map[string]string {
	t.Helper()
	await(t, c, "systemctl is-system-running", "running")
	await(t, c, "cd /var/lib/resinos && for s in *; do [ -e $s/config.last-good.json ] || echo $s; done", "")
	await(t, c, get("State1.PurgeProgress"), "u 100")
	return tree(t, c)
}

// tree returns every file of both partitions.
func tree(t *testing.T, c *container.Container) map[string]string {
	t.Helper()
	tree := map[string]string{}
	for _, partition := range []string{c.State, c.Data} {
		err := filepath.WalkDir(partition, func(path string, _ fs.DirEntry, err error) error {
			var now syscall.Stat_t
			if err = errors.Join(err, syscall.Lstat(path, &now)); err == nil {
				name := filepath.Join(filepath.Base(partition), strings.TrimPrefix(path, partition))
				tree[name] = fmt.Sprintf("%o %d:%d", now.Mode, now.Uid, now.Gid)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

// passing are names that a program gives by chance, or has only for a while.
var passing = []string{"/NetworkManager/timestamps", "/NetworkManager/internal-", "/docker/tmp", "/containerd/tmpmounts", ".tmp", "/chrony/chrony.drift"}

func sameTree(t *testing.T, want, got map[string]string) {
	t.Helper()
	differ := func(name string) bool {
		for _, part := range passing {
			if strings.Contains(name, part) {
				return false
			}
		}
		return want[name] != got[name]
	}
	for name := range want {
		if differ(name) {
			t.Errorf("%s was %q and is %q", name, want[name], got[name])
		}
	}
	for name := range got {
		if _, there := want[name]; !there && differ(name) {
			t.Errorf("%s is new", name)
		}
	}
}

// use leaves traces in each kind of place.
func use(t *testing.T, c *container.Container) {
	t.Helper()
	c.MustRun(t, `echo '[connection]' > /etc/NetworkManager/system-connections/mine; mkdir -p /var/lib/systemd/mine/deep
echo x > /var/lib/systemd/mine/deep/file; echo x > /etc/openvpn/mine.conf; chown 4321 /etc/openvpn/mine.conf
chmod 0700 /var/lib/systemd/mine; rm -r /etc/openvpn/client; echo x > /var/lib/docker/mine; echo x > /var/log/journal/mine`)
}

func kept(t *testing.T, c *container.Container) {
	use(t, c)
	id := c.MustRun(t, "cat /etc/machine-id")
	c.Restart(t, nil)
	if got := c.MustRun(t, "cat /etc/openvpn/mine.conf /var/lib/systemd/mine/deep/file /var/log/journal/mine; ls -d /etc/openvpn/client 2>&1 | grep -c 'No such'"); got != "x\nx\nx\n1" {
		t.Errorf("after a reboot there are %q", got)
	}
	if got := c.MustRun(t, "cat /etc/machine-id; ls /run/log/journal"); got != id+"\n"+id {
		t.Errorf("machine id and journal are %q, was %s", got, id)
	}
}

func purgedByBus(t *testing.T, c *container.Container, first map[string]string) {
	id, uuid := c.MustRun(t, "cat /etc/machine-id"), c.MustRun(t, "cat /var/lib/resinos/hostnamed-bridge/uuid")
	c.MustRun(t, call("State1.Purge 'sa{sv}' state 0"))
	if got := c.MustRun(t, get("State1.PurgePending")); got != `s "state"` {
		t.Errorf("pending is %s", got)
	}
	c.MustRun(t, call("State1.Purge 'sa{sv}' data 0"))
	if got := c.MustRun(t, get("State1.PurgePending")); got != `s "all"` {
		t.Errorf("pending is %s", got)
	}
	if got := c.MustRun(t, "cat /etc/openvpn/mine.conf"); got != "x" {
		t.Error("something was purged before the reboot")
	}
	c.Restart(t, nil)
	sameTree(t, first, settled(t, c))
	await(t, c, get("State1.PurgePending"), `s ""`)
	if got := c.MustRun(t, "cat /var/lib/resinos/hostnamed-bridge/uuid"); got != uuid {
		t.Errorf("the uuid is %q, was %q", got, uuid)
	}
	if got := c.MustRun(t, "cat /etc/machine-id"); got == id || c.MustRun(t, "ls /run/log/journal") != got {
		t.Errorf("machine id is %q, was %q", got, id)
	}
	if left, _ := os.ReadDir(filepath.Join(c.State, ".trash")); len(left) > 0 {
		t.Errorf("in the trash is %v", left)
	}
	await(t, c, get("Service1.State"), `s "ready"`)
}

// purgedByFile has no config.json to take the uuid from.
func purgedByFile(t *testing.T, c *container.Container, first map[string]string) {
	use(t, c)
	uuid := c.MustRun(t, "cat /var/lib/resinos/hostnamed-bridge/uuid")
	c.Restart(t, func() {
		for name, text := range map[string]string{"purge-state": "", "purge-data.txt": "please", "config.json": ""} {
			if err := os.WriteFile(filepath.Join(c.Boot, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	})
	if got := c.MustRun(t, "cat /var/lib/resinos/hostnamed-bridge/uuid"); got != uuid {
		t.Errorf("the uuid is %q, was %q", got, uuid)
	}
	if got := c.MustRun(t, "ls /mnt/boot | grep -c purge; true"); got != "0" {
		t.Errorf("%s requests are still on the boot partition", got)
	}
	if got := c.MustRun(t, "ls /etc/openvpn/mine.conf /var/lib/docker/mine /var/log/journal/mine 2>&1 | grep -c 'No such'"); got != "3" {
		t.Errorf("%s of 3 files are gone", got)
	}
	if err := os.WriteFile(filepath.Join(c.Boot, "config.json"), []byte(`{"uuid":"`+uuid+`"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	sameTree(t, first, settled(t, c))
}

func cancelled(t *testing.T, c *container.Container) {
	use(t, c)
	c.MustRun(t, call("State1.Purge 'sa{sv}' all 0")+" && touch /mnt/boot/purge-data && "+call("State1.CancelPurge"))
	if got := c.MustRun(t, get("State1.PurgePending")+"; ls /mnt/boot | grep -c purge; true"); got != "s \"\"\n0" {
		t.Errorf("after cancelling: %q", got)
	}
	c.Restart(t, nil)
	if got := c.MustRun(t, "cat /etc/openvpn/mine.conf /var/lib/docker/mine"); got != "x\nx" {
		t.Errorf("something was purged: %q", got)
	}
}

// badDeclarations runs the early phase once more, over declarations of which some
// are bad: the good one is bound, the others are told.
func badDeclarations(t *testing.T, c *container.Container) {
	c.MustRun(t, `mount -t tmpfs tmpfs /etc/ssl && mkdir -p /run/decl && mount -t tmpfs tmpfs /usr/lib/state-binder.d
cd /usr/lib/state-binder.d
printf '[Bind]\nPath=/etc/ssl/good\n[Bind]\nPath=relative\n' > a.conf
printf '[Bind]\nPath=/usr/nowhere\n' > b.conf
/usr/libexec/resinos/state-binder early`)
	c.MustRun(t, call("Service1.Reconcile"))
	problems := c.MustRun(t, get("Service1.Problems"))
	for _, want := range []string{"/usr/lib/state-binder.d/a.conf:4", "not a clean absolute path", `"/usr/nowhere"`, "no fitting place"} {
		if !strings.Contains(problems, want) {
			t.Errorf("problems are %s, want %q", problems, want)
		}
	}
	if got := c.MustRun(t, "findmnt -rno FSROOT /etc/ssl/good"); !strings.HasSuffix(got, "/root-overlay/etc/ssl/good") {
		t.Errorf("the good one shows %q", got)
	}
	if got := c.MustRun(t, get("Service1.State")); got != `s "degraded"` {
		t.Errorf("the state is %s", got)
	}
	c.MustRun(t, "umount /etc/ssl/good /etc/ssl /usr/lib/state-binder.d && /usr/libexec/resinos/state-binder early")
}

func killed(t *testing.T, c *container.Container) {
	for range 3 {
		c.MustRun(t, "systemctl kill -s KILL state-binder")
		await(t, c, "systemctl is-active state-binder", "active")
		await(t, c, get("State1.Store"), `s "partition"`)
	}
	await(t, c, get("Service1.State"), `s "ready"`)
	if binds := c.MustRun(t, get("State1.Binds")); strings.Contains(binds, " false") {
		t.Errorf("binds are %s", binds)
	}
}

// TestWithoutPartition boots without the state partition: the device runs, has a
// network service and a way in, remembers nothing and says so.
func TestWithoutPartition(t *testing.T) {
	c := container.Start(t, container.Options{WithoutState: true})
	if got := c.MustRun(t, get("State1.Store")); got != `s "memory"` {
		t.Errorf("state is kept in %s", got)
	}
	if problems := c.MustRun(t, get("Service1.Problems")); !strings.Contains(problems, "no such partition") {
		t.Errorf("problems are %s", problems)
	}
	for _, unit := range []string{"NetworkManager", "ssh", "hostnamed-bridge", "chrony"} {
		await(t, c, "systemctl is-active "+unit, "active")
	}
	if got := c.MustRun(t, "echo x > /etc/openvpn/mine && cat /etc/openvpn/mine && ls -A /mnt/state"); got != "x" {
		t.Errorf("written and in /mnt/state are %q", got)
	}
	if _, err := c.Run(t.Context(), call("State1.Purge 'sa{sv}' state 0")); err == nil {
		t.Error("a purge was promised that nobody can remember")
	}
}
