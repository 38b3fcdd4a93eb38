//go:build powercut

package powercut

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"resinos.io/e2e/fat"
	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
)

// A disk is a FAT file system and the edits that are made on it.
type disk struct {
	name      string // and serial number
	bits      int
	cluster   int // bytes
	megabytes int
	crowd     int  // other files in the root: config.json and its neighbours lie in different sectors
	full      bool // the root directory's last cluster has no entry left
	strategy  job.Strategy
	sizes     []int
	free      []int // clusters, see job.Disk

	dir   string   // where its files are
	texts []string // of the generations
}

const firstSize = 10 // of the payload of generation 0

func (d *disk) base() string    { return filepath.Join(d.dir, d.name+".base") }
func (d *disk) notesAt() uint64 { return uint64(d.megabytes)*2048 + 8 }
func (d *disk) label() string   { return fmt.Sprintf("%s FAT%d/%d", d.name, d.bits, d.cluster) }

// text returns the file of generation g.
func (d *disk) text(g int) string { return d.texts[g] }

// make makes the file system with generation 0 and some other files.
func (d *disk) make(t *testing.T) {
	t.Helper()
	for g, size := range append([]int{firstSize}, d.sizes...) {
		d.texts = append(d.texts, job.Text(g, size))
	}
	must(t, os.WriteFile(d.base(), nil, 0o600))
	must(t, os.Truncate(d.base(), int64(d.megabytes)<<20+1<<16)) // the notes are behind the file system
	run(t, "mkfs.vfat", "--invariant", "-F", strconv.Itoa(d.bits), "-s", strconv.Itoa(d.cluster/512), d.base(), strconv.Itoa(d.megabytes<<10))
	d.put(t, "/"+job.Config, []byte(d.text(0)))
	run(t, "mmd", "-i", d.base(), "::/EFI", "::/EFI/BOOT", "::/splash")
	d.put(t, "/EFI/BOOT/grubenv", bytes.Repeat([]byte("#"), 1024))
	d.put(t, "/splash/resin-logo.png", bytes.Repeat([]byte("logo"), 3000))
	for i := range d.crowd {
		d.put(t, fmt.Sprintf("/another file with a long name %02d.dtb", i), bytes.Repeat([]byte{byte(i)}, 100*i))
	}
	if d.full {
		d.fillRoot(t)
	}
	if len(d.free) > 0 {
		d.put(t, "/"+job.Filler, make([]byte, d.megabytes<<20*97/100))
	}
}

func (d *disk) put(t *testing.T, name string, data []byte) {
	t.Helper()
	local := filepath.Join(t.TempDir(), "content")
	must(t, os.WriteFile(local, data, 0o600))
	run(t, "mcopy", "-i", d.base(), local, "::"+name)
}

// fillRoot makes files until the root directory's clusters have no entry left.
func (d *disk) fillRoot(t *testing.T) {
	for i := 0; ; i++ {
		f, err := os.Open(d.base())
		must(t, err)
		fs, err := fat.Open(f)
		must(t, err)
		all, err := fs.ReadDir(fs.Root())
		must(t, err)
		f.Close()
		last := 0
		for _, e := range all {
			last = max(last, e.Slot)
		}
		if (last+1)*32%d.cluster == 0 {
			return
		}
		d.put(t, fmt.Sprintf("/FULL%d.BIN", i), []byte("x"))
	}
}

// fresh returns a copy of the file system for a machine to write to.
func (d *disk) fresh(t *testing.T, round string) tinyvm.Disk {
	t.Helper()
	copied := tinyvm.Disk{
		Serial: d.name,
		Image:  filepath.Join(d.dir, d.name+"."+round+".img"),
		Log:    filepath.Join(d.dir, d.name+"."+round+".log"),
	}
	run(t, "cp", "--sparse=always", d.base(), copied.Image)
	return copied
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	if cmd.Err != nil { // /usr/sbin is not on everybody's path
		cmd = exec.CommandContext(t.Context(), filepath.Join("/usr/sbin", name), args...)
	}
	cmd.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cannot run %s (make host installs it): %v: %s", name, err, out)
	}
}
