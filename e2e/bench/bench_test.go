//go:build bench

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/container"
	"resinos.io/e2e/device"
)

// mb is a megabyte as budgets count it.
const mb = 1 << 20

func TestBench(t *testing.T) {
	c := container.Start(t, container.Options{})
	native := place{"this processor", func(t *testing.T, command string) string { return c.MustRun(t, command) }}
	_, idling := wakeups(t, native, func() {})
	rows := slices.Concat([]Row{idling}, boot(t, native), latency(t, native))
	m := device.Start(t, device.Options{Running: true})
	emulated := place{"emulation", m.Run}
	rows = slices.Concat(idle(t, m, emulated), binaries(t), rows, boot(t, emulated), latency(t, emulated))
	if t.Failed() {
		return
	}
	if err := os.WriteFile("../../build/bench.md", []byte(Table(rows)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A place is where the system runs: a container has the speed of this processor, the
// machine that of its emulation. Devices are between the two.
type place struct {
	name string
	run  func(t *testing.T, command string) string
}

// ours lists our resident daemons' units, by the bus names they declare.
const ours = `$(cd /usr/lib/systemd/system && grep -l '^BusName=io.resinos' *.service | while read u; do ! systemctl -q is-active $u || echo $u; done)`

// sampler counts, for each unit, the seconds in which it used any CPU: a wake-up is
// one of these, however many of its threads took part. Nothing is asked of the daemons.
const sampler = `
cd /sys/fs/cgroup/system.slice 2>/dev/null || cd /sys/fs/cgroup/unified/system.slice # a container on an older host
declare -A last count
end=$((SECONDS + $1)); shift
while [ $SECONDS -lt $end ]; do
  for unit; do
    read -r _ used <$unit/cpu.stat
    [ "${last[$unit]-$used}" = $used ] || count[$unit]=$((${count[$unit]-0} + 1))
    last[$unit]=$used
  done
  read -rt 1 <> <(:)
done
for unit; do echo $unit ${count[$unit]-0}; done`

// idle lets the device alone for the window, and looks what it did and what it holds.
func idle(t *testing.T, m *device.Machine, on place) []Row {
	// A new disk's inode tables are written in its first minutes, once in its life.
	m.Await(t, 20*time.Minute, "pgrep -c ext4lazyinit", "0")
	peer := startPeer(t, m)
	before := 0.0
	names, row := wakeups(t, on, func() { before = float(t, m.Run, sectors) })
	wrote := (float(t, m.Run, sectors) - before) * 512
	rows := []Row{{What: "flash writes of the idle device", Unit: "bytes", Ours: wrote, Note: "in " + window().String()}, row}
	return append(rows, memory(t, m, names, peer)...)
}

func window() time.Duration {
	d, err := time.ParseDuration(os.Getenv("BENCH_WINDOW"))
	if err != nil {
		return 10 * time.Minute
	}
	return d
}

// wakeups counts them for the window and returns also whose they were. It calls
// start when what was needed for it has been written.
func wakeups(t *testing.T, on place, start func()) ([]string, Row) {
	on.run(t, "cat >/run/sampler <<'END'\n"+sampler+"\nEND\nsync")
	time.Sleep(20 * time.Second) // what the commands before woke up
	start()
	on.run(t, fmt.Sprintf(`systemd-run --quiet --unit=sampler --property=StandardOutput=file:/run/samples bash /run/sampler %d %s`,
		int(window().Seconds()), ours))
	time.Sleep(window() + 5*time.Second)
	sum, names := 0.0, []string{}
	for line := range strings.Lines(on.run(t, "cat /run/samples")) {
		unit, count, _ := strings.Cut(strings.TrimSpace(line), " ")
		n, err := strconv.ParseFloat(count, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
		names = append(names, strings.TrimSuffix(unit, ".service"))
	}
	if len(names) == 0 {
		t.Fatal("none of our daemons runs")
	}
	return names, Row{
		What: "wake-ups of our daemons, " + on.name, Unit: "a minute", Ours: sum / window().Minutes(), Budget: 4,
		Note: fmt.Sprintf("%d daemons, in %v", len(names), window()),
	}
}

// sectors reads field 7 of Documentation/block/stat.rst.
const sectors = "awk '{print $7}' /sys/block/vda/stat"

// memory reads the daemons' anonymous memory, after they idled.
func memory(t *testing.T, m *device.Machine, names []string, peer string) []Row {
	const anonymous = `awk '/^Pss_Anon/ {print $2 * 1024}' /proc/$(systemctl show -P MainPID %s)/smaps_rollup`
	sum, each := 0.0, []string{}
	for _, name := range names {
		bytes := float(t, m.Run, fmt.Sprintf(anonymous, name))
		sum += bytes
		each = append(each, fmt.Sprintf("%s %.1f", name, bytes/mb))
	}
	row := Row{What: "anonymous memory of our daemons", Unit: "MB", Ours: sum / mb, Budget: 12, Note: strings.Join(each, ", ")}
	if peer != "" {
		row.Peer = fmt.Sprintf("%.1f MB os-agent", float(t, m.Run, fmt.Sprintf(anonymous, peer))/mb)
	}
	return []Row{row}
}

// startPeer starts os-agent on a bus of its own and returns its unit, or "".
func startPeer(t *testing.T, m *device.Machine) string {
	path := os.Getenv("PEER_OS_AGENT")
	if path == "" {
		return ""
	}
	binary, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer binary.Close()
	m.Put(t, "/mnt/data/peer", binary) // /run executes nothing
	m.Run(t, `mkdir -p /run/peer-bus && chmod 755 /mnt/data/peer && dbus-daemon --session --fork --address=unix:path=/run/peer-bus/socket &&
systemd-run --quiet --unit=peer -p Environment=DBUS_SYSTEM_BUS_ADDRESS=unix:path=/run/peer-bus/socket /mnt/data/peer`)
	time.Sleep(5 * time.Second)
	if state := m.Run(t, "systemctl show -P SubState peer"); state != "running" {
		t.Fatalf("the peer is %s: %s", state, m.Run(t, "journalctl -u peer -o cat -n 20"))
	}
	return "peer"
}

// binaries adds up all our programs, as they are in the image.
func binaries(t *testing.T) []Row {
	paths, err := filepath.Glob("../../build/bin/*")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no binaries, run make binaries: %v", err)
	}
	sum := 0.0
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		sum += float64(info.Size())
	}
	return []Row{{What: "our binaries, stripped", Unit: "MB", Ours: sum / mb, Budget: 40, Note: fmt.Sprintf("%d programs", len(paths))}}
}

// boot reads what our units took of the boot's critical chain.
func boot(t *testing.T, on place) []Row {
	units := strings.Fields(on.run(t, "cd /usr/lib/systemd/system && grep -l /usr/libexec/resinos/ *.service"))
	took, total, err := critical(on.run(t, "systemd-analyze critical-chain --no-pager"), units)
	if err != nil {
		t.Fatal(err)
	}
	return []Row{{
		What: "our units in the boot's critical chain, " + on.name, Unit: "%", Ours: 100 * took / total, Budget: 5,
		Note: fmt.Sprintf("%.0f of %.0f ms", took, total),
	}}
}

// latency saves config.json again and again and takes from AppliedAt when it was in
// force: the properties are set right before it, by the same clock.
func latency(t *testing.T, on place) []Row {
	const save = `start=$(date +%%s%%6N); printf '{"hostname":"bench-%d"}' > /mnt/boot/config.json
for i in $(seq 100); do
  at=$(busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Service1 AppliedAt | cut -d' ' -f2)
  [ $at -lt $start ] || break
  sleep 0.1
done
busctl get-property io.resinos.Hostname1 /io/resinos/Hostname1 io.resinos.Hostname1 Hostname | grep -q 'bench-%d"' && echo $((at - start))`
	var times []float64
	for i := range 21 {
		times = append(times, float(t, on.run, fmt.Sprintf(save, i, i))/1000)
		time.Sleep(500 * time.Millisecond)
	}
	return []Row{{
		What: "config.json saved to effect on the bus, " + on.name, Unit: "ms", Ours: Median(times), Budget: 150,
		Note: fmt.Sprintf("median of %d", len(times)),
	}}
}

// float runs a command that prints a number.
func float(t *testing.T, run func(*testing.T, string) string, command string) float64 {
	t.Helper()
	out := run(t, command)
	n, err := strconv.ParseFloat(out, 64)
	if err != nil {
		t.Fatalf("%s\nprints %q: %v", command, out, err)
	}
	return n
}
