package fat

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// A Report is what is wrong with a file system. The texts name the files.
type Report struct {
	Broken  []string // cannot be read, or the size does not fit the clusters
	Crossed []string // share a cluster with a file named before
	Hidden  []string // stand behind the end of a directory: not all systems see them
	Lost    int      // clusters in use that belong to no file: space lost, no harm
	Tables  bool     // the copies of the table differ
}

// Sound reports whether all files are whole and have their clusters to
// themselves. Lost clusters and a second table that lags behind do no harm to
// what is there.
func (r Report) Sound() bool { return len(r.Broken)+len(r.Crossed)+len(r.Hidden) == 0 }

func (r Report) String() string {
	return fmt.Sprintf("broken %q, crossed %q, hidden %q, %d clusters lost, tables differ: %v",
		r.Broken, r.Crossed, r.Hidden, r.Lost, r.Tables)
}

// checker walks through all files.
type checker struct {
	*FS
	Report
	files []string // their names; the first is nobody
	owner []int32  // of each cluster, an index in files
	taken int      // clusters that have an owner
}

// Check looks at every file and directory. It fails only if a table cannot be read.
func (fs *FS) Check() (Report, error) {
	c := &checker{FS: fs, files: []string{""}, owner: make([]int32, fs.clusters+firstCluster)}
	c.walk("", fs.Root())
	table, err := fs.table(0)
	if err != nil {
		return c.Report, err
	}
	for n := int64(1); n < fs.tables; n++ {
		other, err := fs.table(n)
		if err != nil {
			return c.Report, err
		}
		c.Tables = c.Tables || !bytes.Equal(table, other)
	}
	c.Lost = fs.inUse(table) - c.taken
	return c.Report, nil
}

func (c *checker) walk(path string, dir Entry) {
	if !dir.root || c.wide {
		clusters, err := c.chain(dir.start)
		c.take(path+"/", clusters, err)
	}
	content, err := c.directory(dir)
	if err != nil {
		return
	}
	c.hidden(path, content)
	all, _ := c.ReadDir(dir) // it was read just now
	for _, e := range all {
		name := path + "/" + e.Name
		switch {
		case !e.Dir:
			clusters, err := c.fileChain(e)
			c.take(name, clusters, err)
		case c.valid(e.start, c.clusters) && c.owner[e.start] != 0: // or a circle would never end
			c.Crossed = append(c.Crossed, name)
		default:
			c.walk(name, e)
		}
	}
}

// take enters the clusters of a file.
func (c *checker) take(name string, clusters []uint32, err error) {
	if err != nil {
		c.Broken = append(c.Broken, name+": "+err.Error())
	}
	c.files = append(c.files, name)
	crossed := false
	for _, cluster := range clusters {
		if other := c.owner[cluster]; other == 0 {
			c.owner[cluster] = int32(len(c.files) - 1)
			c.taken++
		} else if !crossed {
			c.Crossed = append(c.Crossed, fmt.Sprintf("%s with %s at cluster %d", name, c.files[other], cluster))
			crossed = true
		}
	}
}

// hidden finds entries behind the first unused one, where a directory ends for
// everybody but Linux.
func (c *checker) hidden(path string, content []byte) {
	for at := 0; at < len(content); at += entryLength {
		if content[at] != unused {
			continue
		}
		p := parser{wide: c.wide}
		for _, e := range p.parse(content[at:]) {
			c.Hidden = append(c.Hidden, path+"/"+e.Name)
		}
		return
	}
}

func (fs *FS) table(n int64) ([]byte, error) {
	width := int64(2)
	if fs.wide {
		width = 4
	}
	content := make([]byte, width*int64(fs.clusters+firstCluster))
	if _, err := fs.r.ReadAt(content, fs.tableAt+n*fs.tableSize); err != nil {
		return nil, fmt.Errorf("cannot read table %d: %w: %w", n, ErrIO, err)
	}
	// The first two entries hold flags, such as "not unmounted".
	return content[firstCluster*width:], nil
}

// inUse counts the clusters that are neither free nor bad.
func (fs *FS) inUse(table []byte) int {
	used := 0
	if !fs.wide {
		for at := 0; at+2 <= len(table); at += 2 {
			if entry := binary.LittleEndian.Uint16(table[at:]); entry != 0 && entry != 0xfff7 {
				used++
			}
		}
		return used
	}
	for at := 0; at+4 <= len(table); at += 4 {
		if entry := binary.LittleEndian.Uint32(table[at:]) & 0x0fffffff; entry != 0 && entry != 0x0ffffff7 {
			used++
		}
	}
	return used
}
