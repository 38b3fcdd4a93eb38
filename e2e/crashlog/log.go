package crashlog

// Flags say what kind of operation an Op is. A write has neither Discard nor Mark.
type Flags uint64

// The flags, as they stand in the log.
const (
	Flush    Flags = 1 << iota // everything before it is durable when it is done
	FUA                        // the write itself is durable when it is done
	Discard                    // the content of the sectors is no longer needed
	Mark                       // a note in the log, not an operation of the disk
	Metadata                   // the write is the file system's own
)

// An Op is one operation that a disk has completed.
type Op struct {
	Sector, Count uint64 // in sectors of the log's size; none for a bare flush
	Flags         Flags
	Data          []byte // of a write: Count sectors; of a mark: its text
}

// A Log is what happened to a disk, in the order in which it was completed.
type Log struct {
	SectorSize int // in bytes
	Ops        []Op
}

// writes reports whether the operation changes the disk's content.
func (o Op) writes() bool { return o.Flags&Mark == 0 && o.Count > 0 }

// MarkWrites turns each write that begins at sector into a mark with the
// written data as its text. It is how a guest that sees nothing but the disk
// puts notes into the log: no file system may use that sector.
func (l *Log) MarkWrites(sector uint64) {
	for i, op := range l.Ops {
		if op.writes() && op.Flags&Discard == 0 && op.Sector == sector {
			l.Ops[i] = Op{Flags: Mark | op.Flags&Flush, Data: op.Data}
		}
	}
}

// inFlight returns the writes before cut that the last flush did not make durable.
func (l *Log) inFlight(cut int) []int {
	var found []int
	for i := l.durable(cut); i < cut; i++ {
		if l.Ops[i].writes() {
			found = append(found, i)
		}
	}
	return found
}

// certain reports whether write i, in flight at cut, is durable by itself: the
// disk takes no further operation for completed before a FUA write is durable.
func (l *Log) certain(i, cut int) bool {
	return l.Ops[i].Flags&FUA != 0 && i < cut-1
}

// durable returns the first operation before cut that the last flush did not
// cover. A write that carries a flush has it done before itself.
func (l *Log) durable(cut int) int {
	for i := cut - 1; i >= 0; i-- {
		if l.Ops[i].Flags&Flush == 0 {
			continue
		}
		if l.Ops[i].writes() {
			return i
		}
		return i + 1
	}
	return 0
}
