//go:build powercut

package update

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"resinos.io/e2e/crashlog"
	"resinos.io/e2e/powercut/update/choice"
	"resinos.io/e2e/powercut/vmtest"
)

// prelude makes grub-emu a firmware that has loaded GRUB from the boot partition.
// What would leave GRUB tells what it would have started: some builds of grub-emu have
// commands of those names, others have not, so the script's are renamed.
const prelude = `set root=(hd0,gpt1)
set prefix=(hd0,gpt1)/EFI/BOOT
function show_linux {
  if [ -f $1 ]; then echo "LINUX: $*"; else false; fi
}
function show_initrd {
  if [ -f $1 ]; then echo "INITRD: $*"; exit; fi
}
source (host)%s
`

// A grub is the real GRUB, on a disk of its own.
type grub struct {
	dir     string
	touched map[int64][]byte // what the disk had before
	image   *os.File
}

func newGRUB(t *testing.T, dir, base string) *grub {
	t.Helper()
	if _, err := exec.LookPath("grub-emu"); err != nil {
		t.Fatal("grub-emu is not there (make host installs it)")
	}
	g := &grub{dir: filepath.Join(dir, "grub"), touched: map[int64][]byte{}}
	vmtest.Must(t, os.Mkdir(g.dir, 0o700))
	disk := filepath.Join(g.dir, "disk.img")
	vmtest.Run(t, "cp", "--sparse=always", base, disk)
	vmtest.Must(t, os.WriteFile(filepath.Join(g.dir, "device.map"), []byte("(hd0) "+disk+"\n"), 0o600))
	script, err := os.ReadFile(filepath.Join(top, "image/boot/grub.cfg"))
	vmtest.Must(t, err)
	renamed := regexp.MustCompile(`(?m)\b(linux|initrd) "\(`).ReplaceAll(script, []byte(`show_$1 "(`))
	if bytes.Count(renamed, []byte("show_")) != 2 {
		t.Fatal("grub.cfg does not start one kernel and one initrd")
	}
	path := filepath.Join(g.dir, "script.cfg")
	vmtest.Must(t, os.WriteFile(path, renamed, 0o600))
	vmtest.Must(t, os.WriteFile(filepath.Join(g.dir, "grub.cfg"), fmt.Appendf(nil, prelude, path), 0o600))
	g.image, err = os.OpenFile(disk, os.O_RDWR, 0)
	vmtest.Must(t, err)
	t.Cleanup(func() { g.image.Close() })
	return g
}

// become makes the disk that of a state.
func (g *grub) become(t *testing.T, state *crashlog.Image) {
	t.Helper()
	for at, data := range g.touched {
		_, err := g.image.WriteAt(data, at)
		vmtest.Must(t, err)
	}
	clear(g.touched)
	for n, data := range state.Sectors() {
		g.write(t, int64(n)*sector, data)
	}
}

func (g *grub) write(t *testing.T, at int64, data []byte) {
	t.Helper()
	if g.touched[at] == nil {
		before := make([]byte, len(data))
		_, err := g.image.ReadAt(before, at)
		vmtest.Must(t, err)
		g.touched[at] = before
	}
	_, err := g.image.WriteAt(data, at)
	vmtest.Must(t, err)
}

var started = regexp.MustCompile(`LINUX: \(hd0,gpt([23])\)/boot/vmlinuz root=PARTLABEL=resin-root([AB]) .*resin\.slot=([AB]) .*version=([0-9.]+)`)

// boot lets GRUB do what it does on the disk, and returns the slot and the version
// that it starts and the environment that it leaves.
func (g *grub) boot(t *testing.T, d *disk) (slot, version string, env []byte) {
	t.Helper()
	for _, at := range []int64{d.envAt, d.envAt + sector} { // what it may write
		old := make([]byte, sector)
		_, err := g.image.ReadAt(old, at)
		vmtest.Must(t, err)
		g.write(t, at, old)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "grub-emu", "-m", filepath.Join(g.dir, "device.map"), "-d", g.dir)
	cmd.Env = append(os.Environ(), "TERM=dumb")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("grub-emu: %v: %s", err, out)
	}
	text := bytes.ReplaceAll(out, []byte("\r"), nil)
	m := started.FindSubmatch(bytes.ReplaceAll(text, []byte("\n"), nil))
	if m == nil || !bytes.Contains(text, []byte("INITRD")) {
		return "", fmt.Sprintf("nothing: %q", text), nil
	}
	if map[string]string{"A": "2", "B": "3"}[string(m[2])] != string(m[1]) || string(m[2]) != string(m[3]) {
		t.Fatalf("GRUB mixes the slots up: %s", m[0])
	}
	env = make([]byte, 1024)
	_, err = g.image.ReadAt(env, d.envAt)
	vmtest.Must(t, err)
	return string(m[2]), string(m[4]), env
}

// TestChoice holds the model against the real GRUB, with environments of all kinds.
func TestChoice(t *testing.T) {
	dir := diskDir(t)
	d := newDisk(t, dir)
	both := crashlog.NewImage(open(t, d.base()), sector)
	second, err := os.ReadFile(filepath.Join(dir, "2.0.1.img"))
	vmtest.Must(t, err)
	both.Write(slotBAt/sector, second)
	g := newGRUB(t, dir, d.base())
	blocks := environments(t)
	for i, env := range blocks {
		copies := [][]byte{blocks[i%2]}
		if broken := choice.Of(env, blocks[0]).Slot != choice.Of(env, blocks[1]).Slot; broken || i < 2 {
			copies = [][]byte{blocks[0], blocks[1], make([]byte, 1024)}
		}
		for j, good := range copies {
			state := both.Clone()
			state.Write(uint64(d.envAt/sector), env)
			state.Write(uint64(d.goodAt/sector), good)
			g.become(t, state)
			want := choice.Of(env, good)
			slot, _, left := g.boot(t, d)
			after := env
			if want.Write != nil {
				after = want.Write
			}
			if slot != want.Slot || !bytes.Equal(left, after) {
				t.Errorf("environment %d with copy %d: GRUB starts %q and leaves %q; the model %q, %q", i, j, slot, left, want.Slot, after)
			}
		}
	}
}

// environments returns blocks with every combination of values, and broken ones.
func environments(t *testing.T) [][]byte {
	t.Helper()
	block := func(text string) []byte {
		text = "# GRUB Environment Block\n" + text
		return []byte(text + strings.Repeat("#", 1024-len(text)))
	}
	all := [][]byte{block("slot=A\ngood=A\ntries=\nfailed=\n"), block("slot=B\ngood=B\ntries=\nfailed=A\n")}
	for _, slot := range []string{"A", "B", "C", ""} {
		for _, good := range []string{"A", "B", ""} {
			for _, tries := range []string{"3", "2", "1", "0", "", "7"} {
				all = append(all, block("slot="+slot+"\ngood="+good+"\ntries="+tries+"\nfailed=\nsaved=x=y\n"))
			}
		}
	}
	return append(all, block("tries=3\ngood=A\nslot=B\n"), block("slot=B\n"), block(""), make([]byte, 1024), []byte(strings.Repeat("#", 1024)))
}

func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Open(path)
	vmtest.Must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// diskDir returns a directory for disks.
func diskDir(t *testing.T) string {
	t.Helper()
	return vmtest.Dir(t, "powercut-update", func(dir string) {
		if t.Failed() && *again == "" {
			keep(t, dir)
		}
	})
}

// keep keeps what it takes to judge a record again, see the flag -again.
func keep(t *testing.T, dir string) {
	to := filepath.Join(top, "build/e2e-failures/powercut-update")
	err := os.RemoveAll(to)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o755)
	}
	if err == nil {
		err = exec.Command("cp", "-r", "--sparse=always", dir, to).Run() //nolint:noctx // the test's context has ended
	}
	t.Logf("the disk and the records are in %s (%v)", to, err)
}
