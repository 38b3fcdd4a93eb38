package fat

import (
	"encoding/binary"
	"fmt"
)

// What an entry of the table says of its cluster, besides the number of the next.
const (
	free uint32 = 0
	end  uint32 = 0xffffffff
)

// pageSize is how much of the table is read at once, in bytes.
const pageSize = 4096

// next returns the entry of cluster in the first table: the number of the next
// cluster, free, or end. A bad cluster ends a chain, as in Linux.
func (fs *FS) next(cluster uint32) (uint32, error) {
	width := int64(2)
	if fs.wide {
		width = 4
	}
	at := width * int64(cluster)
	page, err := fs.page(at / pageSize)
	if err != nil {
		return 0, fmt.Errorf("%w: table: %w", ErrIO, err)
	}
	if !fs.wide {
		value := uint32(binary.LittleEndian.Uint16(page[at%pageSize:]))
		return fs.meaning(value, value >= 0xfff7)
	}
	value := binary.LittleEndian.Uint32(page[at%pageSize:]) & 0x0fffffff
	return fs.meaning(value, value >= 0x0ffffff7)
}

// page returns a page of the first table, which is read once.
func (fs *FS) page(n int64) ([]byte, error) {
	if page, ok := fs.pages[n]; ok {
		return page, nil
	}
	page := make([]byte, pageSize)
	part := page[:min(pageSize, fs.tableSize-n*pageSize)]
	if _, err := fs.r.ReadAt(part, fs.tableAt+n*pageSize); err != nil {
		return nil, err
	}
	fs.pages[n] = page
	return page, nil
}

func (fs *FS) meaning(value uint32, isEnd bool) (uint32, error) {
	switch {
	case isEnd:
		return end, nil
	case value != free && !fs.valid(value, fs.clusters):
		return 0, fmt.Errorf("%w: the table points to cluster %d of %d", ErrIO, value, fs.clusters)
	}
	return value, nil
}

// chain returns the clusters from start to the end, which is checked for.
func (fs *FS) chain(start uint32) ([]uint32, error) {
	var all []uint32
	for cluster := start; cluster != end; {
		if !fs.valid(cluster, fs.clusters) {
			return all, fmt.Errorf("%w: a chain begins at cluster %d of %d", ErrIO, cluster, fs.clusters)
		}
		next, err := fs.next(cluster)
		switch {
		case err != nil:
			return all, err
		case next == free:
			return all, fmt.Errorf("%w: cluster %d of a chain is free", ErrIO, cluster)
		case len(all) >= int(fs.clusters):
			return all, fmt.Errorf("%w: a chain goes round in circles", ErrIO)
		}
		all = append(all, cluster)
		cluster = next
	}
	return all, nil
}

// need returns the first count clusters from start, as Linux finds them
// (fat_get_cluster): the entry of the last one is not looked at.
func (fs *FS) need(start uint32, count int64) ([]uint32, error) {
	var all []uint32
	cluster := start
	for int64(len(all)) < count {
		if !fs.valid(cluster, fs.clusters) {
			return nil, fmt.Errorf("%w: a chain begins at cluster %d", ErrIO, cluster)
		}
		if all = append(all, cluster); int64(len(all)) == count {
			break
		}
		next, err := fs.next(cluster)
		switch {
		case err != nil:
			return nil, err
		case next == free:
			return nil, fmt.Errorf("%w: cluster %d of a chain is free", ErrIO, cluster)
		case next == end:
			return nil, fmt.Errorf("%w: a chain ends after %d of %d clusters", ErrIO, len(all), count)
		case len(all) >= int(fs.clusters):
			return nil, fmt.Errorf("%w: a chain goes round in circles", ErrIO)
		}
		cluster = next
	}
	return all, nil
}

// data returns the content of clusters.
func (fs *FS) data(clusters []uint32) ([]byte, error) {
	content := make([]byte, int64(len(clusters))*fs.clusterSize)
	for from := 0; from < len(clusters); {
		to := from + 1 // neighbours are read at once
		for to < len(clusters) && clusters[to] == clusters[to-1]+1 {
			to++
		}
		part := content[int64(from)*fs.clusterSize : int64(to)*fs.clusterSize]
		if _, err := fs.r.ReadAt(part, fs.dataAt+int64(clusters[from]-firstCluster)*fs.clusterSize); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrIO, err)
		}
		from = to
	}
	return content, nil
}
