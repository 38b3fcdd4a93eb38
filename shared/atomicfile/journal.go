package atomicfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// MaxSize is the largest content that Replace writes, in bytes.
const MaxSize = 4 << 20

const (
	journalMagic  = "resinos\x01"
	journalHeader = len(journalMagic) + 1 + sha256.Size + sha256.Size + 8
	journalMax    = journalHeader + MaxSize + sha256.Size
)

var errBadJournal = errors.New("not a complete side file")

// A journal is what a side file holds: the content that is to be, and what it
// replaces. Its form on disk, in this order:
//
//	8   magic and version
//	1   1 if there was a file to replace, else 0
//	32  SHA-256 of the content replaced, zero if there was none
//	32  SHA-256 of the new content
//	8   length of the new content, big endian
//	n   the new content
//	32  SHA-256 of all of the above
type journal struct {
	existed  bool
	old, new [sha256.Size]byte
	data     []byte
}

// newJournal describes the change from old, nil if there is no file, to data.
func newJournal(old, data []byte) journal {
	j := journal{existed: old != nil, new: sha256.Sum256(data), data: data}
	if j.existed {
		j.old = sha256.Sum256(old)
	}
	return j
}

func (j journal) encode() []byte {
	buf := bytes.NewBuffer(make([]byte, 0, journalHeader+len(j.data)+sha256.Size))
	buf.WriteString(journalMagic)
	if j.existed {
		buf.WriteByte(1)
	} else {
		buf.WriteByte(0)
	}
	buf.Write(j.old[:])
	buf.Write(j.new[:])
	buf.Write(binary.BigEndian.AppendUint64(nil, uint64(len(j.data))))
	buf.Write(j.data)
	sum := sha256.Sum256(buf.Bytes())
	buf.Write(sum[:])
	return buf.Bytes()
}

// decodeJournal accepts exactly what encode makes.
func decodeJournal(text []byte) (journal, error) {
	if len(text) < journalHeader+sha256.Size || len(text) > journalMax {
		return journal{}, errBadJournal
	}
	body, sum := text[:len(text)-sha256.Size], text[len(text)-sha256.Size:]
	if want := sha256.Sum256(body); !bytes.Equal(sum, want[:]) {
		return journal{}, errBadJournal
	}
	rest, ok := bytes.CutPrefix(body, []byte(journalMagic))
	if !ok || rest[0] > 1 {
		return journal{}, errBadJournal
	}
	j := journal{existed: rest[0] == 1}
	rest = rest[1:]
	rest = rest[copy(j.old[:], rest):]
	rest = rest[copy(j.new[:], rest):]
	length := binary.BigEndian.Uint64(rest)
	j.data = rest[8:]
	if length != uint64(len(j.data)) || sha256.Sum256(j.data) != j.new {
		return journal{}, errBadJournal
	}
	return j, nil
}

// replaces reports whether data, nil for no file, is what the change began with.
func (j journal) replaces(data []byte) bool {
	if data == nil {
		return !j.existed
	}
	return j.existed && sha256.Sum256(data) == j.old
}

// holds reports whether data is the new content.
func (j journal) holds(data []byte) bool {
	return data != nil && sha256.Sum256(data) == j.new
}
