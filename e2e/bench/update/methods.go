package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// A method is one way to update: a script for bash, in which the words in
// capitals are replaced.
type method struct{ name, script string }

func methods() []method {
	return []method{
		{"dd + fsync, local image", "dd if=IMAGE.img of=TARGET bs=4M conv=fsync status=none"},
		{"zstd over HTTP, dd + fsync", "curl -sf URL/NAME.zst | zstd -dc | dd of=TARGET bs=4M iflag=fullblock conv=fsync status=none"},
		{"rauc install, local plain bundle", raucScript},
		{casyncSeed, "casync extract --seed=RUNNING --store=URL/repo/chunks URL/NAME.caibx TARGET && sync -d TARGET"},
		{"casync extract, no seed", "casync extract --store=URL/repo/chunks URL/NAME.caibx TARGET && sync -d TARGET"},
		{ours, strings.ReplaceAll(workerScript, "REPO", plainRepo)},
		{oursDeltas, strings.ReplaceAll(workerScript, "REPO", deltaRepo)},
	}
}

// Ours are the only ones that verify metadata and read the slot back.
const (
	ours       = "our update-worker, seed"
	oursDeltas = "our update-worker, seed and deltas"
	casyncSeed = "casync extract, seed"
)

// workerScript says to the worker what the updater would; what the running slot
// holds is known, as after the first update of a device, and its boot files are there.
const workerScript = `
rm -rf DIR/worker
mkdir -p DIR/worker
cp -a DIR/boot DIR/worker/boot
cp DIR/before.caibx DIR/worker/slot-A.caibx
DIR/update-worker >DIR/worker/out <<END
{"operation":"install", "repository":"URL/REPO", "version":"$(cat DIR/NAME.version)", "device":{"type":"genericx86-64", "variant":"development", "channel":"stable", "uuid":"0", "version":"$(cat DIR/before.version)"}, "root":"DIR/keys/root.json", "floor":"DIR/keys/none", "dir":"DIR/worker", "boot":"DIR/worker/boot", "target":"TARGET", "targetSlot":"B", "seed":"RUNNING", "seedSlot":"A"}
go
END
tail -1 DIR/worker/out | grep '"done":true' || { tail -1 DIR/worker/out; exit 1; }
`

// raucScript runs its bus and its service, which do the work, with the client.
const raucScript = `
cat >DIR/rauc/system.conf <<END
[system]
compatible=resinos
bootloader=noop
statusfile=DIR/rauc/status
[keyring]
path=DIR/rauc/cert.pem
[slot.rootfs.0]
device=RUNNING
bootname=A
[slot.rootfs.1]
device=TARGET
bootname=B
END
rm -f DIR/rauc/bus DIR/rauc/status
mkdir -p DIR/rauc/mount
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=DIR/rauc/bus DBUS_STARTER_BUS_TYPE=system
dbus-daemon --config-file=DIR/rauc/bus.conf --nofork & bus=$!
trap 'kill $bus $service 2>/dev/null; wait' EXIT
for i in $(seq 500); do [ ! -e DIR/rauc/bus ] || break; sleep 0.02; done
rauc --conf=DIR/rauc/system.conf --override-boot-slot=A --mount=DIR/rauc/mount service & service=$!
for i in $(seq 500); do ! rauc status >/dev/null 2>&1 || break; sleep 0.02; done
rauc install DIR/NAME.raucb
`

// compare measures all methods for one image, prints the table, and returns the bytes
// that each took over the network.
func (b *bench) compare(ctx context.Context, name string) (map[string]int64, error) {
	fmt.Printf("\n%s: from %s\n", name, "before.img")
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "method\twall s\tmin\tmax\tCPU s\tpeak MiB\tnetwork MB\tread MB\twritten MB\t")
	network := map[string]int64{}
	for _, method := range methods() {
		script := b.script(method.script, name)
		var costs []cost
		for range b.runs {
			fmt.Fprintf(os.Stderr, "update: %s: %s\n", name, method.name)
			c, err := b.measure(ctx, script, b.image(name))
			if err != nil {
				return nil, fmt.Errorf("cannot measure %s: %w", method.name, err)
			}
			costs = append(costs, c)
		}
		slices.SortFunc(costs, func(a, b cost) int { return int(a.wall - b.wall) })
		c := costs[len(costs)/2]
		fmt.Fprintf(out, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t%.0f\t%.0f\t\n", method.name,
			c.wall.Seconds(), costs[0].wall.Seconds(), costs[len(costs)-1].wall.Seconds(), c.cpu.Seconds(),
			float64(c.memory)/(1<<20), float64(c.network)/1e6, float64(c.read)/1e6, float64(c.written)/1e6)
		network[method.name] = c.network
	}
	return network, out.Flush()
}

func (b *bench) script(script, name string) string {
	return strings.NewReplacer("IMAGE", b.path(name), "NAME", name, "URL", b.sites.url, "DIR", b.dir,
		"RUNNING", b.slots.running, "TARGET", b.slots.target).Replace(script)
}
