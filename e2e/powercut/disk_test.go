//go:build powercut || vm

package powercut

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"resinos.io/e2e/fat"
	"resinos.io/e2e/powercut/job"
	"resinos.io/e2e/powercut/tinyvm"
	"resinos.io/e2e/powercut/vmtest"
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
	numbers   []int // see job.Disk
	free      []int // clusters, see job.Disk

	dir   string   // where its files are
	texts []string // before the first edit and after each
}

const firstSize = 10 // of the payload of generation 0

func (d *disk) base() string    { return filepath.Join(d.dir, d.name+".base") }
func (d *disk) notesAt() uint64 { return uint64(d.megabytes)*2048 + 8 }
func (d *disk) label() string   { return fmt.Sprintf("%s FAT%d/%d", d.name, d.bits, d.cluster) }

// job returns what the machine is to do with the disk; more is to be filled in.
func (d *disk) job() job.Disk {
	return job.Disk{Name: d.name, NotesAt: d.notesAt(), Strategy: d.strategy, Numbers: d.numbers, Free: d.free}
}

// extent returns where the last byte that is not zero is, in whole pages. The
// filler is of zeros.
func (d *disk) extent(t *testing.T) int64 {
	t.Helper()
	f, err := os.Open(d.base())
	vmtest.Must(t, err)
	defer f.Close()
	last, buffer := int64(0), make([]byte, 1<<20)
	for at := int64(0); ; at += int64(len(buffer)) {
		n, err := f.ReadAt(buffer, at)
		if used := len(bytes.TrimRight(buffer[:n], "\x00")); used > 0 {
			last = at + int64(used)
		}
		if err != nil {
			return (last + 4095) &^ 4095
		}
	}
}

// make makes the file system with generation 0 and some other files.
func (d *disk) make(t *testing.T) {
	t.Helper()
	d.texts = []string{job.Text(0, firstSize)}
	for i, size := range d.sizes {
		d.texts = append(d.texts, job.Text(d.job().Number(i+1), size))
	}
	vmtest.Must(t, os.WriteFile(d.base(), nil, 0o600))
	vmtest.Must(t, os.Truncate(d.base(), int64(d.megabytes)<<20+1<<16)) // the notes are behind the file system
	vmtest.Run(t, "mkfs.vfat", "--invariant", "-F", strconv.Itoa(d.bits), "-s", strconv.Itoa(d.cluster/512), d.base(), strconv.Itoa(d.megabytes<<10))
	d.put(t, "/"+job.Config, []byte(d.texts[0]))
	vmtest.Run(t, "mmd", "-i", d.base(), "::/EFI", "::/EFI/BOOT", "::/splash")
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
	vmtest.Must(t, os.WriteFile(local, data, 0o600))
	vmtest.Run(t, "mcopy", "-i", d.base(), local, "::"+name)
}

// fillRoot makes files until the root directory's clusters have no entry left.
func (d *disk) fillRoot(t *testing.T) {
	for i := 0; ; i++ {
		f, err := os.Open(d.base())
		vmtest.Must(t, err)
		fs, err := fat.Open(f)
		vmtest.Must(t, err)
		all, err := fs.ReadDir(fs.Root())
		vmtest.Must(t, err)
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
	vmtest.Run(t, "cp", "--sparse=always", d.base(), copied.Image)
	return copied
}
