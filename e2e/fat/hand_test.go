package fat_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"resinos.io/e2e/fat"
)

// The layout of the file system that hand makes.
const (
	sector    = 512
	tableSize = 20 // sectors, for 5000 clusters
	tableAt   = sector
	rootAt    = tableAt + 2*tableSize*sector
	dataAt    = rootAt + 32*sector
	total     = 5080
)

// A disk is a FAT16 file system made by hand, with clusters of one sector.
type disk []byte

func hand() disk {
	d := make(disk, total*sector)
	d[13], d[14], d[16] = 1, 1, 2
	put16 := func(at, n int) { binary.LittleEndian.PutUint16(d[at:], uint16(n)) }
	put16(11, sector)
	put16(17, 512)
	put16(19, total)
	put16(22, tableSize)
	d.link(0, 0xfff8)
	d.link(1, 0xffff)
	return d
}

// link sets an entry in both tables.
func (d disk) link(cluster, value int) {
	binary.LittleEndian.PutUint16(d[tableAt+2*cluster:], uint16(value))
	binary.LittleEndian.PutUint16(d[tableAt+tableSize*sector+2*cluster:], uint16(value))
}

// file makes the n-th entry of the root: name in 8.3 with blanks, attributes, start, size.
func (d disk) file(n int, name string, attributes byte, start, size int) {
	raw := d[rootAt+32*n:]
	copy(raw, name)
	raw[11] = attributes
	binary.LittleEndian.PutUint16(raw[26:], uint16(start))
	binary.LittleEndian.PutUint32(raw[28:], uint32(size))
}

// ordinary has A.TXT of 1000 bytes in clusters 2 and 3.
func ordinary() disk {
	d := hand()
	d.file(0, "A       TXT", 0x20, 2, 1000)
	d.link(2, 3)
	d.link(3, 0xffff)
	copy(d[dataAt:], bytes.Repeat([]byte{'x'}, 1000))
	return d
}

func (d disk) open(t *testing.T) *fat.FS {
	t.Helper()
	fs, err := fat.Open(bytes.NewReader(d))
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

// outcome says how A.TXT reads: strictly, and like Linux.
func outcome(t *testing.T, d disk) (strict, lenient string) {
	t.Helper()
	fs := d.open(t)
	e, err := fs.Find("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	say := func(data []byte, err error) string {
		switch {
		case errors.Is(err, fat.ErrIO):
			return "EIO"
		case err != nil:
			return err.Error()
		case len(data) > 0 && strings.Trim(string(data), "\x00") == "":
			return "zeros"
		}
		return "data"
	}
	return say(fs.ReadFile(e)), say(fs.ReadLikeLinux(e))
}

// TestDamage: what a power cut leaves. The third column is what Linux 6.12
// shows, by fat_get_cluster and fat_ent_read in its sources.
func TestDamage(t *testing.T) {
	for name, c := range map[string]struct {
		damage        func(disk)
		strict, linux string
	}{
		"none":                 {func(disk) {}, "data", "data"},
		"first cluster free":   {func(d disk) { d.link(2, 0) }, "EIO", "EIO"},
		"last cluster free":    {func(d disk) { d.link(3, 0) }, "EIO", "data"},
		"chain too short":      {func(d disk) { d.link(2, 0xffff) }, "EIO", "EIO"},
		"chain too long":       {func(d disk) { d.link(3, 4); d.link(4, 0xffff) }, "EIO", "data"},
		"out of range":         {func(d disk) { d.link(2, 5500) }, "EIO", "EIO"},
		"entry 1":              {func(d disk) { d.link(2, 1) }, "EIO", "EIO"},
		"bad cluster":          {func(d disk) { d.link(2, 0xfff7) }, "EIO", "EIO"},
		"circle":               {func(d disk) { d.link(3, 2) }, "EIO", "data"},
		"start out of range":   {func(d disk) { d.file(0, "A       TXT", 0x20, 6000, 1000) }, "EIO", "EIO"},
		"no start":             {func(d disk) { d.file(0, "A       TXT", 0x20, 0, 1000) }, "EIO", "zeros"},
		"size of all":          {func(d disk) { d.file(0, "A       TXT", 0x20, 2, 0x7fffffff) }, "EIO", "EIO"},
		"empty with a chain":   {func(d disk) { d.file(0, "A       TXT", 0x20, 2, 0) }, "EIO", "data"},
		"one cluster and free": {func(d disk) { d.file(0, "A       TXT", 0x20, 9, 500) }, "EIO", "zeros"},
	} {
		d := ordinary()
		c.damage(d)
		if strict, linux := outcome(t, d); strict != c.strict || linux != c.linux {
			t.Errorf("%s: %s, like Linux %s; want %s and %s", name, strict, linux, c.strict, c.linux)
		}
		report, err := d.open(t).Check()
		if err != nil || report.Sound() != (c.strict == "data") {
			t.Errorf("%s: %s, %v", name, report, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(disk)
		want   func(fat.Report) bool
	}{
		"two files, one chain": {
			func(d disk) { d.file(1, "B       TXT", 0x20, 2, 1000) },
			func(r fat.Report) bool { return len(r.Crossed) == 1 && len(r.Broken) == 0 },
		},
		"behind the end": {
			func(d disk) { d.file(2, "B       TXT", 0x20, 0, 0) },
			func(r fat.Report) bool { return len(r.Hidden) == 1 },
		},
		"lost": {func(d disk) { d.link(9, 0xffff) }, func(r fat.Report) bool { return r.Lost == 1 && r.Sound() }},
		"second table": {
			func(d disk) { d[tableAt+tableSize*sector+10] = 7 },
			func(r fat.Report) bool { return r.Tables && r.Sound() },
		},
		"directory in itself": {
			func(d disk) {
				d.file(1, "D          ", 0x10, 5, 0)
				d.link(5, 0xffff)
				copy(d[dataAt+3*sector:], d[rootAt+32:rootAt+64])
			},
			func(r fat.Report) bool { return len(r.Crossed) == 1 },
		},
	} {
		d := ordinary()
		c.damage(d)
		if report, err := d.open(t).Check(); err != nil || !c.want(report) {
			t.Errorf("%s: %s, %v", name, report, err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, damage := range map[string]func(disk) disk{
		"empty":           func(disk) disk { return nil },
		"zeros":           func(d disk) disk { return make(disk, len(d)) },
		"FAT12":           func(d disk) disk { d[19], d[20] = 0, 8; return d },
		"odd sector size": func(d disk) disk { d[11] = 1; return d },
		"odd clusters":    func(d disk) disk { d[13] = 3; return d },
		"no table":        func(d disk) disk { d[16] = 0; return d },
		"cut short":       func(d disk) disk { return d[:rootAt] },
	} {
		if _, err := fat.Open(bytes.NewReader(damage(ordinary()))); !errors.Is(err, fat.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRead: whatever stands in the boot sector, the table, the root and the
// first clusters, nothing panics or runs on, and what Check calls sound reads.
func FuzzRead(f *testing.F) {
	f.Add([]byte{0, 13, 3})
	f.Add([]byte{1, 4, 0, 2, 11, 0x10, 3, 0, 'B'})
	f.Fuzz(func(t *testing.T, patches []byte) {
		d := ordinary()
		d.file(1, "D          ", 0x10, 5, 0)
		d.link(5, 0xffff)
		for ; len(patches) >= 3; patches = patches[3:] {
			region := []int{0, tableAt, rootAt, dataAt + 3*sector}[patches[0]%4]
			d[region+int(patches[1])] = patches[2]
		}
		fs, err := fat.Open(bytes.NewReader(d))
		if err != nil {
			return
		}
		report, err := fs.Check()
		if err != nil {
			return
		}
		if report.Sound() {
			list(t, fs, "", fs.Root(), map[string][]byte{})
		}
	})
}
