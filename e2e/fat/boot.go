package fat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

var (
	// ErrFormat means that this is no FAT16 or FAT32 file system.
	ErrFormat = errors.New("not a FAT16 or FAT32 file system")
	// ErrIO means that the file system is damaged where it was to be read.
	ErrIO = errors.New("damaged file system")
	// ErrNotExist means that there is no such file.
	ErrNotExist = errors.New("no such file")
)

// Offsets in the boot sector, and lengths, in bytes.
const (
	bootLength     = 512
	atSectorSize   = 11
	atClusterSize  = 13
	atReserved     = 14
	atTables       = 16
	atRootEntries  = 17
	atSectors16    = 19
	atTableSize16  = 22
	atSectors32    = 32
	atTableSize32  = 36
	atRootCluster  = 44
	entryLength    = 32
	firstCluster   = 2
	mostFAT12      = 4084 // clusters; Linux decides by this number (MAX_FAT12)
	mostFAT16      = 65524
	mostFAT32      = 0x0ffffff6
	mostDirectory  = 65536 * entryLength
	mostFileInTest = 1 << 28 // no file here is larger: a bound for hostile sizes
)

// FS is an open file system. It belongs to one goroutine, and takes what it
// reads to stay as it is.
type FS struct {
	r           io.ReaderAt
	wide        bool // FAT32
	sectorSize  int64
	clusterSize int64
	tables      int64 // copies of the table
	tableAt     int64
	tableSize   int64
	rootAt      int64 // of FAT16
	rootSize    int64
	rootCluster uint32 // of FAT32
	dataAt      int64
	clusters    uint32 // how many there are; the numbers begin at 2

	pages map[int64][]byte // of the first table, as far as it was read
}

// Open reads the boot sector. The tables and files are read when asked for.
func Open(r io.ReaderAt) (*FS, error) {
	boot := make([]byte, bootLength)
	if _, err := r.ReadAt(boot, 0); err != nil {
		return nil, fmt.Errorf("cannot open the file system: %w: %w", ErrFormat, err)
	}
	fs := &FS{r: r, pages: map[int64][]byte{}}
	reason := fs.layOut(boot)
	if reason == "" && !fs.reaches(fs.dataAt) {
		reason = "shorter than its tables"
	}
	if reason != "" {
		return nil, fmt.Errorf("cannot open the file system: %w: %s", ErrFormat, reason)
	}
	return fs, nil
}

// reaches reports whether there is something to read before offset. It bounds
// the memory that a hostile boot sector can make us ask for.
func (fs *FS) reaches(offset int64) bool {
	n, _ := fs.r.ReadAt(make([]byte, 1), offset-1)
	return n == 1
}

// layOut takes the file system's measures from its boot sector, or says what is
// wrong with them. The checks are those of fat_read_bpb and fat_fill_super.
func (fs *FS) layOut(boot []byte) string {
	word := func(at int) int64 { return int64(binary.LittleEndian.Uint16(boot[at:])) }
	long := func(at int) int64 { return int64(binary.LittleEndian.Uint32(boot[at:])) }
	fs.sectorSize, fs.tables = word(atSectorSize), int64(boot[atTables])
	perCluster := int64(boot[atClusterSize])
	switch {
	case fs.sectorSize < 512 || fs.sectorSize > 4096 || bits.OnesCount64(uint64(fs.sectorSize)) != 1:
		return fmt.Sprintf("sectors of %d bytes", fs.sectorSize)
	case bits.OnesCount64(uint64(perCluster)) != 1:
		return fmt.Sprintf("clusters of %d sectors", perCluster)
	case word(atReserved) == 0 || fs.tables == 0:
		return "no reserved sectors or no table"
	}
	fs.clusterSize = perCluster * fs.sectorSize
	fs.tableSize = word(atTableSize16) * fs.sectorSize
	if fs.tableSize == 0 {
		fs.wide = true
		fs.tableSize = long(atTableSize32) * fs.sectorSize
		fs.rootCluster = uint32(long(atRootCluster))
	}
	fs.tableAt = word(atReserved) * fs.sectorSize
	fs.rootAt = fs.tableAt + fs.tables*fs.tableSize
	fs.rootSize = word(atRootEntries) * entryLength
	fs.dataAt = fs.rootAt + (fs.rootSize+fs.sectorSize-1)/fs.sectorSize*fs.sectorSize
	sectors := word(atSectors16)
	if sectors == 0 {
		sectors = long(atSectors32)
	}
	return fs.count((sectors*fs.sectorSize - fs.dataAt) / fs.clusterSize)
}

// count takes the number of clusters that the size allows.
func (fs *FS) count(clusters int64) string {
	width, most := int64(2), int64(mostFAT16)
	if fs.wide {
		width, most = 4, mostFAT32
	}
	clusters = min(clusters, fs.tableSize/width-firstCluster)
	switch {
	case clusters < 1 || clusters > most:
		return fmt.Sprintf("%d clusters", clusters)
	case !fs.wide && clusters <= mostFAT12:
		return "FAT12"
	case fs.wide && !fs.valid(fs.rootCluster, uint32(clusters)):
		return fmt.Sprintf("root directory at cluster %d", fs.rootCluster)
	}
	fs.clusters = uint32(clusters)
	return ""
}

func (fs *FS) valid(cluster, clusters uint32) bool {
	return cluster >= firstCluster && cluster-firstCluster < clusters
}

// ClusterSize returns the size of a cluster in bytes.
func (fs *FS) ClusterSize() int { return int(fs.clusterSize) }

// Bits returns 16 or 32.
func (fs *FS) Bits() int {
	if fs.wide {
		return 32
	}
	return 16
}
