//go:build vm

package state

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"testing"
	"unicode/utf16"

	"resinos.io/e2e/device"
)

// Places in a GUID partition table of 128 entries, UEFI 2.10, 5.3: the header is in
// sector 1, the entries are in sectors 2 to 33.
const (
	tableSize   = 34 * 512
	header      = 512
	headerSize  = 92
	headerCRC   = 16
	entriesCRC  = 88
	entries     = 1024
	entrySize   = 128
	entryName   = 56
	entryLength = 72
)

// relabel gives a partition of the machine's disk another label, from the next boot on:
// the device has no program for it.
func relabel(t *testing.T, m *device.Machine, partition int, label string) {
	t.Helper()
	table, err := base64.StdEncoding.DecodeString(m.Run(t, "head -c 17408 /dev/vda | base64 -w0"))
	if err != nil || len(table) != tableSize {
		t.Fatalf("the table has %d bytes, %v", len(table), err)
	}
	name := make([]byte, entryLength)
	for i, unit := range utf16.Encode([]rune(label)) {
		binary.LittleEndian.PutUint16(name[2*i:], unit)
	}
	copy(table[entries+(partition-1)*entrySize+entryName:], name)
	put := func(at int, data []byte) { binary.LittleEndian.PutUint32(table[header+at:], crc32.ChecksumIEEE(data)) }
	put(entriesCRC, table[entries:])
	clear(table[header+headerCRC : header+headerCRC+4])
	put(headerCRC, table[header:header+headerSize])
	m.Put(t, "/run/table", bytes.NewReader(table))
	m.Run(t, "dd if=/run/table of=/dev/vda bs=512 conv=notrunc,fsync status=none")
}
