package fat

import (
	"encoding/binary"
	"unicode/utf16"
)

// Offsets in a directory entry, its attributes, and marks in its first byte.
const (
	atAttributes = 11
	atCase       = 12
	atChecksum   = 13
	atStartHigh  = 20
	atStartLow   = 26
	atSize       = 28

	attrVolume    = 0x08
	attrDirectory = 0x10
	attrLongName  = 0x0f
	attrMask      = 0x3f

	caseBase = 0x08 // Windows NT and Linux: the base name is in lower case
	caseExt  = 0x10

	deleted    = 0xe5
	unused     = 0x00
	kanji      = 0x05 // stands for 0xe5
	lastPart   = 0x40
	partLength = 13 // characters in one part of a long name
)

// An Entry is a file or a directory.
type Entry struct {
	Name  string // the long name, if there is one
	Short string // in 8.3
	Dir   bool
	Size  int64 // in bytes, as the directory says
	Slot  int   // where in its directory it stands, in entries of 32 bytes

	start uint32
	root  bool
}

// parser puts together the parts of long names, which come before their entry,
// last part first.
type parser struct {
	wide     bool
	long     []uint16
	expect   byte // the number of the part to come; 0 = complete
	checksum byte
}

// parse returns the entries of a directory. As in Linux an unused entry does
// not end the directory; Check reports what stands behind one.
func (p *parser) parse(content []byte) []Entry {
	var all []Entry
	for slot := range len(content) / entryLength {
		raw := content[slot*entryLength : (slot+1)*entryLength]
		switch {
		case raw[0] == unused || raw[0] == deleted:
			p.long = nil
		case raw[atAttributes]&attrMask == attrLongName:
			p.part(raw)
		case raw[atAttributes]&attrVolume != 0:
			p.long = nil
		default:
			all = append(all, p.entry(raw, slot))
			p.long = nil
		}
	}
	return all
}

func (p *parser) part(raw []byte) {
	number := raw[0] &^ lastPart
	if raw[0]&lastPart != 0 {
		p.long, p.expect, p.checksum = []uint16{}, number, raw[atChecksum]
	}
	if p.long == nil || number == 0 || number != p.expect || raw[atChecksum] != p.checksum {
		p.long = nil
		return
	}
	p.expect--
	var text []uint16
	for _, at := range [partLength]int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30} {
		text = append(text, binary.LittleEndian.Uint16(raw[at:]))
	}
	p.long = append(text, p.long...)
}

func (p *parser) entry(raw []byte, slot int) Entry {
	e := Entry{
		Short: shortName(raw),
		Dir:   raw[atAttributes]&attrDirectory != 0,
		Size:  int64(binary.LittleEndian.Uint32(raw[atSize:])),
		Slot:  slot,
		start: uint32(binary.LittleEndian.Uint16(raw[atStartLow:])),
	}
	if p.wide {
		e.start |= uint32(binary.LittleEndian.Uint16(raw[atStartHigh:])) << 16
	}
	e.Name = e.Short
	if p.long != nil && p.expect == 0 && p.checksum == checksum(raw[:11]) {
		e.Name = longName(p.long)
	}
	return e
}

func longName(text []uint16) string {
	for i, c := range text {
		if c == 0 {
			text = text[:i]
			break
		}
	}
	return string(utf16.Decode(text))
}

// checksum ties the parts of a long name to the entry that they belong to.
func checksum(short []byte) byte {
	var sum byte
	for _, c := range short {
		sum = sum>>1 | sum<<7
		sum += c
	}
	return sum
}

func shortName(raw []byte) string {
	base := shortPart(raw[0:8], raw[atCase]&caseBase != 0)
	if raw[0] == kanji {
		base = "\ufffd" + base[1:]
	}
	if ext := shortPart(raw[8:11], raw[atCase]&caseExt != 0); ext != "" {
		return base + "." + ext
	}
	return base
}

func shortPart(raw []byte, lower bool) string {
	length := len(raw)
	for length > 0 && raw[length-1] == ' ' {
		length--
	}
	var text []rune
	for _, c := range raw[:length] {
		switch {
		case c >= 0x80:
			text = append(text, '\ufffd')
		case lower && c >= 'A' && c <= 'Z':
			text = append(text, rune(c)+'a'-'A')
		default:
			text = append(text, rune(c))
		}
	}
	return string(text)
}
